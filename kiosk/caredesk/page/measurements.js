// The measurements on the nurse's page: asks for them, says what becomes of each, shows the numbers; no call, no words.
import { identifierOf, KINDS, requestTask } from "./kinds.js";
import { isOf, latestObservations, observationOf, weightBeside } from "./observations.js";
import * as words from "./words.js";

const READINGS_SHOWN = 6;
const REFRESH_MS = 20_000; // what the patient measures alone comes by itself
const part = (id) => document.getElementById(id);
const textOf = (value) => (typeof value === "string" ? value : null);

/** News may overtake each other on the way: what is further never goes back. */
const RANK = { accepted: 2, "on-hold": 3, "in-progress": 4, completed: 5, failed: 5, rejected: 5 };
const FINAL = 5;

const digits = (one) => (one?.value ?? "–").replace(".", ",").replace(/^-/, "−");
const unitOf = (one) => words.UNITS[one?.unit] ?? one?.unit ?? "";
const valueOf = (reading) => digits(reading.main) + (reading.second ? `/${digits(reading.second)}` : "");

function timeOf(reading) {
  const at = new Date(reading.effective ?? "");
  if (Number.isNaN(at.getTime())) return words.READINGS.unknownTime;
  const clock = at.toLocaleTimeString("nb-NO", { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === new Date().toDateString()) return `i dag ${clock}`;
  return `${at.toLocaleDateString("nb-NO", { day: "numeric", month: "short" })} ${clock}`;
}

function marksOf(reading) {
  return ["test", "doubtful", "preliminary"].filter((mark) => reading[mark]).map((mark) => words.MARKS[mark]);
}

/** Why a number is missing; empty when none is. */
function absencesOf(reading) {
  const missing = [reading.main, reading.second].filter((one) => one && one.value === null);
  return [...new Set(missing.map((one) => words.ABSENT[one.absent] ?? words.ABSENT.unknown))];
}

/** What is to be known of a number: why it is missing, what the device said against it. */
function remarksOf(reading) {
  const flags = reading.flags.map((flag) => words.FLAGS[flag] ?? `${words.OTHER_FLAG} ${flag}`);
  return [...new Set([...absencesOf(reading), ...flags])];
}

/** And what is worth knowing: where, when in the day, the mean pressure. */
function notesOf(reading) {
  const more = [
    words.SITES[reading.site] ?? reading.site,
    words.MEALS[reading.meal] ?? reading.meal,
    reading.mean?.value ? `${words.READINGS.mean} ${digits(reading.mean)}` : null,
  ];
  return [...remarksOf(reading), ...more.filter(Boolean)];
}

/** The sentence on a reading that came, and its tone. */
function resultOf(reading) {
  const absences = absencesOf(reading);
  if (absences.length) return [{ ...words.RESULTS.empty, advice: `${absences.join(". ")}.` }, "doubt"];
  if (reading.doubtful) return [words.RESULTS.doubtful, "doubt"];
  if (reading.preliminary) return [words.RESULTS.preliminary, "doubt"];
  return [reading.test ? words.RESULTS.test : words.RESULTS.good, "done"];
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/**
 * `seen` is told what happens, for tests and the scripted visit: `asked(identifier)`, `news(task)`,
 * `shown(reading)`. `send(task)`: to the kiosk, within the call; `{status, reason}` of its answer.
 */
export class Measurements {
  #config;
  #send;
  #seen;
  /** By identifier: {kind, rank}; those of this call. */
  #requests = new Map();
  #newest = null;
  #searches = 0;

  constructor(config, send, seen) {
    this.#config = config;
    this.#send = send;
    this.#seen = seen;
    for (const kind of Object.keys(KINDS)) this.#button(kind).addEventListener("click", () => void this.#ask(kind));
    void this.#refresh();
    setInterval(() => {
      if (!document.hidden) void this.#refresh();
    }, REFRESH_MS);
  }

  /** Whether anything can be asked for now. */
  allow(allowed) {
    for (const kind of Object.keys(KINDS)) this.#button(kind).disabled = !allowed;
  }

  /** A new call: nothing is asked for. */
  begin() {
    this.#requests.clear();
    this.#newest = null;
    this.#say(null, words.NOTHING_ASKED, "");
  }

  /** No news comes any more of what is still open. */
  end() {
    const request = this.#requests.get(this.#newest);
    if (request && request.rank < FINAL) {
      request.rank = FINAL;
      this.#say(request.kind, words.CALL_OVER, "doubt");
    }
    void this.#refresh();
  }

  /** A Task came from the kiosk. */
  async take(task) {
    const identifier = identifierOf(task);
    const status = textOf(task.status);
    const reason = textOf(task.statusReason?.text);
    this.#seen.news({ status, identifier, reason, businessStatus: textOf(task.businessStatus?.text) });
    const request = this.#requests.get(identifier);
    const rank = RANK[status] ?? 0;
    if (!request || rank < request.rank || request.rank === FINAL) return;
    request.rank = rank;
    const say = (sentence, tone) => this.#sayOf(identifier, sentence, tone);
    if (status === "completed") await this.#completed(identifier, task);
    else if (status === "rejected") say(words.REJECTED, "bad");
    else if (status === "failed") {
      // Of a reason that has no words here the text itself is told: another kiosk may say it in a sentence.
      const known = words.REASONS[reason];
      say(known ?? { ...words.FAILED, advice: reason ?? "" }, "bad");
    } else if (status === "in-progress" && task.businessStatus?.text === "saved") say(words.SAVED, "busy");
    else if (status === "on-hold") say(words.REASONS[reason] ?? words.PROGRESS[status], "doubt");
    else if (words.PROGRESS[status]) say(words.PROGRESS[status], "busy");
  }

  async #ask(kind) {
    const task = requestTask(kind, this.#config.patient);
    const identifier = identifierOf(task);
    const request = { kind, rank: 0 };
    this.#requests.set(identifier, request);
    this.#newest = identifier;
    this.#seen.asked(identifier);
    this.#sayOf(identifier, words.SENDING, "busy");
    const answer = await this.#send(task);
    if (request.rank > 0) return; // news has overtaken the answer
    if (answer.status === null || answer.status >= 300) {
      request.rank = FINAL;
      const text = `${words.NOT_SENT.text} (${answer.status ?? answer.reason}).`;
      this.#sayOf(identifier, { ...words.NOT_SENT, text }, "bad");
    } else {
      request.rank = 1;
      this.#sayOf(identifier, words.RECEIVED, "busy");
    }
  }

  async #completed(identifier, task) {
    const { fhir, patient } = this.#config;
    const say = (sentence, tone) => this.#sayOf(identifier, sentence, tone);
    say(words.FETCHING, "busy");
    try {
      const reading = await observationOf(fhir, task);
      if (!reading) say(words.RESULTS.missing, "bad");
      else if (!isOf(reading, patient)) say(words.RESULTS.stranger, "bad");
      else {
        const weight = reading.kind === "body-fat" ? await weightBeside(fhir, patient, reading) : null;
        this.#show(weight ?? reading);
        if (reading.kind === "body-fat" && !weight) say(words.RESULTS.weightless, "doubt");
        else say(...resultOf(weight ?? reading));
      }
    } catch {
      say(words.RESULTS.silent, "bad");
    }
    await this.#refresh();
  }

  #show(reading) {
    part("newest-kind").textContent = words.KIND_NAMES[reading.kind];
    part("newest-marks").replaceChildren(
      ...marksOf(reading).flatMap((mark) => [element("span", "mark", mark.long), " "]),
    );
    part("newest-value").textContent = valueOf(reading);
    part("newest-unit").textContent = unitOf(reading.main.value === null ? reading.second : reading.main);
    part("newest-pulse").textContent = digits(reading.pulse);
    part("newest-pulse-line").hidden = reading.pulse === null;
    part("newest-time").textContent = `Målt ${timeOf(reading)}`;
    part("newest-notes").replaceChildren(...notesOf(reading).map((note) => element("li", "", note)));
    part("newest").hidden = false;
    this.#seen.shown(reading);
  }

  async #refresh() {
    const number = (this.#searches += 1);
    const note = part("readings-note");
    try {
      const readings = await latestObservations(this.#config.fhir, this.#config.patient, READINGS_SHOWN);
      if (number !== this.#searches) return; // a later search tells more
      part("readings").replaceChildren(...readings.map((reading) => this.#row(reading)));
      note.textContent = readings.length ? "" : words.READINGS.none;
    } catch {
      if (number === this.#searches) note.textContent = words.READINGS.unreachable;
    }
  }

  #row(reading) {
    const row = document.createElement("tr");
    row.insertCell().textContent = timeOf(reading);
    row.insertCell().textContent = words.KIND_NAMES[reading.kind];
    const value = row.insertCell();
    value.textContent = `${valueOf(reading)} ${reading.main.value === null ? "" : unitOf(reading.main)}`.trim();
    for (const mark of marksOf(reading)) value.append(" ", element("span", "mark", mark.short));
    for (const remark of remarksOf(reading)) value.append(" ", element("span", "remark", remark));
    row.insertCell().textContent = reading.pulse ? digits(reading.pulse) : "";
    return row;
  }

  /** Of an older request only the reading is shown: the line is the newest request's. */
  #sayOf(identifier, sentence, tone) {
    if (identifier === this.#newest) this.#say(this.#requests.get(identifier)?.kind ?? null, sentence, tone);
  }

  #say(kind, sentence, tone) {
    part("task-kind").textContent = kind === null ? "" : `${words.KIND_NAMES[kind]}:`;
    part("task-text").textContent = sentence.text;
    part("task-advice").textContent = sentence.advice;
    part("task").dataset.tone = tone;
  }

  #button(kind) {
    return part(`ask-${kind}`);
  }
}
