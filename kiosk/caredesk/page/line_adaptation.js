// How a browser sends speech and picture so that both survive the line as it is now; shows nothing and knows no words.
// `decide` and the descriptions' changes are pure; `LineAdaptation` looks at a connection and does what was decided.

const LOOK_MS = 500;
const NARROW = 120_000; // bit/s of estimate: below, voice and picture must share by our rules, or the voice suffers
const WIDE = 180_000; // and so much is needed before it is taken for wide again
const ROOM_FOR_COPIES = 200_000; // below, a second copy of speech costs the picture or the speech itself
const LOSSY = 0.01; // of packets: from here on copies are worth their bits
const HEALED = 0.004;
const HEAVY = 0.05; // so much loss lowers the estimate by itself: without a queue it says nothing of the line's width
const QUEUE_S = 0.1; // a round trip so much longer than the shortest: packets wait, the line is full
const LONG_QUEUE_S = 0.3; // and so much longer: whatever the estimate says, and it comes late, it is too much
const CALM_LOOKS = 10; // in a row, before copies are given up because nothing is lost
const WIDE_LOOKS = 4; // in a row, before a line is taken for wide
const RICH = 1_200_000; // from here on the whole picture goes out: a browser makes a small one larger only after many seconds
const RICH_NO_MORE = 800_000;
/** Temporal layers of VP8: only every second picture is needed by later ones, so fewer losses make it stand still.
 *  (L1T3 gave more gaps at 20 % loss: at 150 kbit/s a hole in its lowest layer lasts too long.) */
const LAYERS = { flat: "L1T1", layered: "L1T2" };
const SHARE = { free: 0.9, queued: 0.6 }; // of the estimate, for voice and picture: it leaves IP headers out
const LEAST_PICTURE = 30_000;
const PICTURE_STEP = 1.15; // smaller changes of its limit are not worth a change

/** On a wide line and on a narrow one: bit/s of Opus, milliseconds of speech in a packet (20 ms: 25 kbit/s of headers). */
const VOICE = { wide: { bitrate: 32_000, packet: 20 }, narrow: { bitrate: 16_000, packet: 40 } };
const NARROW_PICTURES = 20; // a second, at most: enough for sign language, and each costs headers too

/** What is sent before anything is known. */
export const BEGINNING = { redundant: false, narrow: false, pictureBitrate: null, sharp: false, layered: false, calm: 0, wide: 0, shortest: null };

/**
 * What to send from now on.
 * `figures`: {available: bit/s, lost: share of our packets, roundTrip: seconds}, each null while unknown.
 * `before`: what this returned last. Returns {redundant, narrow, pictureBitrate: bit/s or null for no limit, sharp,
 * layered} to be done, and {calm, wide, shortest} to be remembered.
 */
export function decide({ available, lost, roundTrip }, before = BEGINNING) {
  const shortest = roundTrip === null ? before.shortest : Math.min(roundTrip, before.shortest ?? roundTrip);
  const queued = roundTrip !== null && roundTrip > shortest + QUEUE_S;
  const scattered = lost !== null && lost >= HEAVY && !queued;
  const wide = !queued && available !== null && (available >= WIDE || scattered) ? before.wide + 1 : 0;
  const calm = lost !== null && lost < HEALED ? before.calm + 1 : 0;
  let { narrow, redundant, layered } = before;
  const full = roundTrip !== null && roundTrip > shortest + LONG_QUEUE_S;
  if (full || (available !== null && available < NARROW && !scattered)) narrow = true;
  else if (wide >= WIDE_LOOKS) narrow = false;
  const room = !narrow && available !== null && (available >= ROOM_FOR_COPIES || scattered);
  if (!room || calm >= CALM_LOOKS) redundant = false;
  else if (lost !== null && lost >= LOSSY) redundant = true;
  if (calm >= CALM_LOOKS) layered = false;
  else if (lost !== null && lost >= HEAVY) layered = true;
  const sharp = !narrow && !queued && (lost === null || lost < HEAVY) && available !== null
    && available >= (before.sharp ? RICH_NO_MORE : RICH);
  const pictureBitrate = narrow ? limitOf(available, SHARE[queued ? "queued" : "free"], before.pictureBitrate) : null;
  return { redundant, narrow, pictureBitrate, sharp, layered, calm, wide, shortest };
}

function limitOf(available, share, before) {
  if (available === null) return before;
  const wanted = Math.round(Math.max(LEAST_PICTURE, available * share - VOICE.narrow.bitrate));
  const near = before !== null && wanted < before * PICTURE_STEP && wanted > before / PICTURE_STEP;
  return near ? before : wanted;
}

/** What `decide` wants to know, of one getStats(). */
export function figuresOf(report) {
  const entries = [...report.values()];
  const transport = entries.find(({ type }) => type === "transport");
  const pair = entries.find(({ type, id }) => type === "candidate-pair" && id === transport?.selectedCandidatePairId);
  const told = entries.filter(({ type }) => type === "remote-inbound-rtp"); // what the other end reports of ours
  const greatest = (name) => {
    const values = told.map((one) => one[name]).filter((value) => typeof value === "number");
    return values.length ? Math.max(...values) : null;
  };
  return {
    available: pair?.availableOutgoingBitrate ?? null,
    lost: greatest("fractionLost"),
    roundTrip: greatest("roundTripTime") ?? pair?.currentRoundTripTime ?? null,
  };
}

const sections = (sdp) => sdp.split(/(?=^m=)/m);
const payloadType = (section, name) => new RegExp(`^a=rtpmap:(\\d+) ${name}/48000/2\\r?$`, "im").exec(section)?.[1];
const ofAudio = (sdp, change) =>
  sections(sdp).map((section) => (section.startsWith("m=audio") ? change(section) : section)).join("");

/** An offer of ours in which lost speech may be asked for again (RFC 4585): browsers do, but do not offer it. */
export function askingAgain(sdp) {
  return ofAudio(sdp, (section) => {
    const opus = payloadType(section, "opus");
    if (!opus || new RegExp(`^a=rtcp-fb:${opus} nack\\r?$`, "m").test(section)) return section;
    return section.replace(new RegExp(`^(a=rtpmap:${opus} [^\\r\\n]*)`, "m"), `$1\r\na=rtcp-fb:${opus} nack`);
  });
}

/**
 * The other end's description as an answer by which we send speech once, or with a copy of what was said before
 * (`redundant`, RFC 2198), in packets of `packet` milliseconds. Both ways have been agreed on, in every packet its type
 * tells which it is: the other end needs not be asked. `ours`: our own description that it belongs to.
 */
export function speaking(sdp, ours, redundant, packet) {
  const role = /^a=setup:active/m.test(ours) ? "passive" : "active"; // an offer leaves open who begins DTLS
  const answer = sdp.replace(/^a=setup:actpass/gm, `a=setup:${role}`);
  return ofAudio(answer, (section) => {
    const wanted = (redundant && payloadType(section, "red")) || payloadType(section, "opus");
    const ordered = section.replace(/^(m=audio \S+ \S+)((?: \d+)+)/, (_, head, types) => {
      const others = types.trim().split(" ").filter((type) => type !== wanted);
      return [head, ...(wanted ? [wanted] : []), ...others].join(" ");
    });
    return `${ordered.replace(/^a=ptime:.*\r?\n/gm, "")}a=ptime:${packet}\r\n`;
  });
}

/** Looks at one connection twice a second and adapts what is sent; `start()` once it has been negotiated, `stop()`. */
export class LineAdaptation {
  #connection;
  #timer = null;
  #state = BEGINNING;
  #limited = null; // what the senders were told last
  #spoken = null; // how speech was agreed on last, and with whom

  constructor(connection) {
    this.#connection = connection;
  }

  /** What is being sent: {redundant, narrow, pictureBitrate, sharp, layered}. */
  get state() {
    const { redundant, narrow, pictureBitrate, sharp, layered } = this.#state;
    return { redundant, narrow, pictureBitrate, sharp, layered };
  }

  start() {
    if (this.#timer === null) void this.#look();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#connection = null;
  }

  get #over() {
    return this.#connection === null || this.#connection.signalingState === "closed";
  }

  async #look() {
    try {
      this.#state = decide(figuresOf(await this.#connection.getStats()), this.#state);
      if (!this.#over) await this.#limit();
      if (!this.#over) await this.#speak();
    } catch (error) {
      // The other end may negotiate at the same moment: then the next look does it.
      if (!this.#over) console.warn("line adaptation:", error.name, error.message);
    }
    if (!this.#over) this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  async #limit() {
    const { narrow, sharp, layered, pictureBitrate: limit } = this.#state;
    const wanted = `${narrow} ${sharp} ${layered} ${limit}`;
    if (this.#limited === wanted) return;
    for (const sender of this.#connection.getSenders()) {
      if (!sender.track) continue;
      const parameters = sender.getParameters();
      if (!parameters.encodings?.length) return; // not negotiated yet
      for (const encoding of parameters.encodings) {
        if (sender.track.kind === "audio") {
          encoding.maxBitrate = VOICE[narrow ? "narrow" : "wide"].bitrate;
          encoding.priority = encoding.networkPriority = "high";
        } else {
          encoding.scalabilityMode = LAYERS[layered ? "layered" : "flat"];
          for (const [name, value] of [["maxBitrate", limit], ["maxFramerate", narrow ? NARROW_PICTURES : null]]) {
            if (value === null) delete encoding[name];
            else encoding[name] = value;
          }
        }
      }
      if (sender.track.kind === "video") {
        sender.track.contentHint = "motion";
        parameters.degradationPreference = sharp ? "maintain-resolution" : "maintain-framerate";
      }
      await sender.setParameters(parameters);
    }
    this.#limited = wanted;
  }

  /** Chromium 156 takes another codec of speech in setParameters without a word and goes on as before; the order in the
   *  other end's description it obeys. So the description that stands is taken once more, changed, within the page. */
  async #speak() {
    const connection = this.#connection;
    if (connection.signalingState !== "stable" || !connection.remoteDescription) return;
    const { redundant, narrow } = this.#state;
    const remote = connection.remoteDescription.sdp;
    const wanted = `${redundant} ${narrow} ${/^a=ice-ufrag:.*/m.exec(remote)?.[0]}`;
    if (this.#spoken === wanted) return;
    const sdp = speaking(remote, connection.localDescription.sdp, redundant, VOICE[narrow ? "narrow" : "wide"].packet);
    await connection.setLocalDescription(await connection.createOffer());
    await connection.setRemoteDescription({ type: "answer", sdp });
    this.#spoken = wanted;
  }
}
