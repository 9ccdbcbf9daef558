// Shows the nurse how it is at the patient's and on the line both ways; sends nothing. The functions above the class are pure.
import * as words from "./patient_words.js";

const LOOK_MS = 2000;
const SILENCE_MS = 8000; // three messages have not come
const LEAST = { long: 320, short: 240, framesPerSecond: 20, lips: 0.1 }; // for sign language and lip reading
const TOLERANCE = 0.5; // pictures a second: two seconds are counted, not known
const LOOKS = 2; // in a row, before a judgement on the picture is shown or taken back

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value) => (typeof value === "string" ? value : null);

function way(told) {
  return {
    lost: number(told?.lost), width: number(told?.width), height: number(told?.height),
    framesPerSecond: number(told?.framesPerSecond), lips: number(told?.pictureAfterVoice),
  };
}

/** A message of the kiosk; what it lacks or says in another form is null. */
export function readSide(told) {
  return {
    screen: text(told?.screen), verdict: text(told?.verdict),
    sound: told?.sound !== false, camera: told?.camera !== false,
    output: text(told?.voiceOutput), missing: text(told?.missingOutput),
    microphone: number(told?.microphoneLevel), roundTrip: number(told?.roundTrip),
    to: way(told?.toPatient), from: way(told?.fromPatient),
  };
}

/** The picture and its sound as they come to this browser, of two getStats() in the order of time; the first may be null. */
export function received(before, after) {
  const stream = (report, kind) => [...(report?.values() ?? [])].find((one) => one.type === "inbound-rtp" && one.kind === kind);
  const [old, seen, heard] = [stream(before, "video"), stream(after, "video"), stream(after, "audio")];
  const grown = (name) => (old && seen && seen[name] >= old[name] ? seen[name] - old[name] : null);
  const seconds = old && seen ? (seen.timestamp - old.timestamp) / 1000 : 0;
  const [frames, lost, packets] = [grown("framesDecoded"), grown("packetsLost"), grown("packetsReceived")];
  const [picture, voice] = [number(seen?.estimatedPlayoutTimestamp), number(heard?.estimatedPlayoutTimestamp)];
  return {
    lost: packets ? (lost ?? 0) / (packets + (lost ?? 0)) : null,
    width: number(seen?.frameWidth), height: number(seen?.frameHeight),
    framesPerSecond: frames !== null && seconds > 0 ? frames / seconds : null,
    lips: picture && voice ? (voice - picture) / 1000 : null,
  };
}

/** Whether signs and lips can be read in what goes one way; null while too little is known. */
export function readable({ width, height, framesPerSecond, lips }) {
  if (lips !== null && Math.abs(lips) > LEAST.lips) return false;
  if (width === null || height === null || framesPerSecond === null) return null;
  const large = Math.max(width, height) >= LEAST.long && Math.min(width, height) >= LEAST.short;
  return large && framesPerSecond >= LEAST.framesPerSecond - TOLERANCE;
}

/** Where the patient hears her. */
export function soundText({ sound, output, missing }) {
  if (!sound) return words.BROKEN;
  if (missing !== null) return `${words.STANDS_IN} ${words.MISSING[missing] ?? words.OTHER_MISSING}`;
  return words.OUTPUTS[output] ?? words.WORKS;
}

/** What stands after one more look: it changes only when looks in a row agree. `before`: {shown, seen, times} or null. */
export function steady(before, seen) {
  if (seen === null) return before ?? { shown: null, seen: null, times: 0 };
  const times = before?.seen === seen ? before.times + 1 : 1;
  return { shown: times >= LOOKS ? seen : (before?.shown ?? null), seen, times };
}

export function loudness(level) {
  if (level === null) return words.MICROPHONE.none;
  if (level <= -55) return words.MICROPHONE.silent;
  if (level <= -42) return words.MICROPHONE.quiet;
  return level >= -6 ? words.MICROPHONE.loud : words.MICROPHONE.heard;
}

export function pictureText({ width, height, framesPerSecond, lost }) {
  if (width === null || height === null) return words.NO_PICTURE;
  const parts = [`${width} × ${height}`];
  if (framesPerSecond !== null) parts.push(`${Math.round(framesPerSecond)} ${words.PICTURES_PER_SECOND}`);
  if (lost !== null && lost >= 0.005) parts.push(`${Math.round(lost * 100)} % ${words.LOST}`);
  return parts.join(", ");
}

const part = (id) => document.getElementById(`side-${id}`);

/** One for the page. `begin(connection)` with each call, `take(message)`, `end()`. */
export class PatientSide {
  #connection = null;
  #timer = null;
  #report = null;
  #side = null;
  #at = 0;
  #mine = null;
  #to = null;
  #from = null;

  begin(connection) {
    this.end();
    this.#connection = connection;
    void this.#look();
  }

  take(message) {
    if (this.#connection === null) return;
    this.#side = readSide(message);
    this.#at = performance.now();
    this.#to = steady(this.#to, readable(this.#side.to));
    this.#show();
  }

  end() {
    clearTimeout(this.#timer);
    this.#connection = this.#report = this.#side = this.#mine = this.#to = this.#from = null;
    document.getElementById("side").hidden = true;
  }

  async #look() {
    const connection = this.#connection;
    const report = await connection.getStats();
    if (connection !== this.#connection) return;
    this.#mine = received(this.#report, report);
    this.#from = steady(this.#from, readable(this.#mine));
    this.#report = report;
    this.#show();
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  #show() {
    const side = this.#side;
    if (side === null) return; // a screen that tells nothing is shown as nothing
    const silent = performance.now() - this.#at > SILENCE_MS;
    const line = silent ? words.SILENT : (words.LINE[side.verdict] ?? words.OTHER_LINE);
    const trip = side.roundTrip === null || silent ? "" : `, ${Math.round(side.roundTrip * 1000)} ms ${words.ROUND_TRIP}`;
    part("line").textContent = line.text + trip;
    part("line").dataset.tone = line.tone;
    part("screen").textContent = words.SCREENS[side.screen] ?? words.OTHER_SCREEN;
    part("sound").textContent = soundText(side);
    part("sound").dataset.tone = side.sound && side.missing === null ? "" : "bad";
    part("meter").value = side.sound ? (side.microphone ?? -60) : -60;
    part("level").textContent = side.sound ? loudness(side.microphone) : words.BROKEN;
    part("to").textContent = pictureText(side.to);
    part("from").textContent = side.camera ? pictureText(this.#mine?.width ? this.#mine : side.from) : words.NO_CAMERA;
    part("from").dataset.tone = side.camera ? "" : "bad";
    this.#signing();
    document.getElementById("side").hidden = false;
  }

  #signing() {
    const [to, from] = [this.#to?.shown === false, this.#from?.shown === false];
    const sentence = to && from ? words.SIGNING.both : to ? words.SIGNING.to : from ? words.SIGNING.from : "";
    if (part("signing").textContent !== sentence) part("signing").textContent = sentence;
    part("signing").hidden = sentence === "";
  }
}
