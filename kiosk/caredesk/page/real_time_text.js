// Real-time text by ITU-T T.140 over a WebRTC data channel (RFC 8865); it shows nothing and knows no words.
//
// Two ends that understand it tell each other, first thing in every channel, how many characters they have taken: in a
// control string (SOS svar-received=N ST), which T.140 lets everybody else leave out. So text arrives once, whatever
// becomes of the connection. An end that tells nothing gets what was not sent yet, as RFC 8865 section 5.4 has it.
export const NEW_LINE = "\u2028";
export const BACKSPACE = "\b";
export const LOSS_MARK = "\ufffd";
const BYTE_ORDER_MARK = "\ufeff";
const [START_OF_STRING, STRING_TERMINATOR] = ["\u0098", "\u009c"];
const CONTROL_SEQUENCE = "\u009b";
const ESCAPE = "\u001b";
const LONGEST_STRING = 256;
const LONGEST_SEQUENCE = 32;
const LONGEST_LANE = 4000;
const LONGEST_MESSAGE = 4000;
const LONGEST_KEPT = 4000;
const LONGEST_BLOCK = 300;
const GATHER_MS = 200; // RFC 8865 section 5.3 has 300 ms, EN 301 549 6.2.4 allows 500
const [CHARACTERS, OVER_MS] = [300, 10_000]; // cps=30, on average over ten seconds
const RECEIPT_WITHIN_MS = 1500;
const OPEN_AGAIN = 6; // times, before an end that told receipts counts as silent
const TURNS = new Set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069");
const CONTROL = /^\p{Cc}$/u;

const segmenter = new Intl.Segmenter("nb", { granularity: "grapheme" });
/** The characters of a text as people see them. */
export const graphemes = (text) => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** What one writer has written, from the characters that come (code points). */
export class Lane {
  text = "";
  /** Characters so far, without those of control strings and byte order marks. */
  taken = 0;
  #inside = "text";
  #unfinished = "";
  #afterReturn = false;

  /** The control strings that were in them. */
  take(characters) {
    const strings = [];
    for (const one of characters) {
      if (this.#inside === "string") {
        if (one === STRING_TERMINATOR) strings.push(this.#unfinished);
        if (one === STRING_TERMINATOR || this.#unfinished.length >= LONGEST_STRING) this.#inside = "text";
        else this.#unfinished += one;
        continue;
      }
      if (one === BYTE_ORDER_MARK) continue;
      if (one === START_OF_STRING) {
        [this.#inside, this.#unfinished] = ["string", ""];
        continue;
      }
      this.taken += 1;
      if (this.#inside === "escape") this.#inside = "text";
      else if (this.#inside === "sequence") {
        this.#unfinished += one;
        if ((one >= "@" && one <= "~") || this.#unfinished.length >= LONGEST_SEQUENCE) this.#inside = "text";
      } else this.#plain(one);
    }
    if (this.text.length > LONGEST_LANE) this.text = graphemes(this.text.slice(-LONGEST_LANE)).slice(1).join("");
    return strings;
  }

  missing() {
    if (!this.text.endsWith(LOSS_MARK)) this.text += LOSS_MARK;
  }

  #plain(one) {
    const followsReturn = this.#afterReturn;
    this.#afterReturn = one === "\r";
    if (one === BACKSPACE) this.text = this.text.slice(0, this.text.length - (graphemes(this.text.slice(-128)).at(-1) ?? "").length);
    else if (one === "\n" && followsReturn) return;
    else if ([NEW_LINE, "\u2029", "\r", "\n", "\u0085"].includes(one)) this.text += "\n";
    else if (one === "\t") this.text += " ";
    else if (one === CONTROL_SEQUENCE) [this.#inside, this.#unfinished] = ["sequence", ""];
    else if (one === ESCAPE) this.#inside = "escape";
    else if (!CONTROL.test(one) && !TURNS.has(one)) this.text += one;
  }
}

/** What turns one text into another, when only its end can be erased and written: erasures, then characters. */
export function edit(before, after) {
  const [old, fresh] = [graphemes(before), graphemes(after)];
  let same = 0;
  while (same < old.length && same < fresh.length && old[same] === fresh[same]) same += 1;
  return BACKSPACE.repeat(old.length - same) + fresh.slice(same).join("").replace(/\r\n|\r|\n/g, NEW_LINE);
}

const fingerprints = (connection) =>
  (connection.currentRemoteDescription?.sdp.match(/^a=fingerprint:.*$/gm) ?? []).join(" ");

/**
 * The text of one call. Emits (CustomEvent) `theirs` {text} and `channel` {open}.
 * `begin` with the RTCPeerConnection before its offer is made; a channel is opened then, and anew whenever another
 * connection has taken the other end's side.
 */
export class RealTimeText extends EventTarget {
  #connection = null;
  #channel = null;
  #theirs = new Lane();
  #kept = []; // code points; the first stands at #from in the stream
  #from = 0;
  #given = 0;
  #tells = false; // the other end tells receipts
  #waitsForReceipt = false;
  #opened = 0;
  #peer = "";
  #blocks = []; // [when, how many]
  #timer = null;
  #receiptTimer = null;
  #heard = true; // something came since the channel was opened anew

  get open() {
    return this.#channel?.readyState === "open";
  }

  get theirs() {
    return this.#theirs.text;
  }

  begin(connection) {
    this.end();
    this.#connection = connection;
    this.#theirs = new Lane();
    [this.#kept, this.#from, this.#given, this.#tells, this.#opened, this.#peer] = [[], 0, 0, false, 0, ""];
    connection.addEventListener("signalingstatechange", this.#settled);
    this.#openChannel();
  }

  end() {
    this.#connection?.removeEventListener("signalingstatechange", this.#settled);
    this.#connection = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#receiptTimer);
    this.#timer = null;
    this.#close();
    this.#say("channel", { open: false });
  }

  /** T.140 characters for the other end. */
  write(characters) {
    if (!this.#connection) return;
    this.#kept.push(...[...characters].filter((one) => one === BACKSPACE || (!CONTROL.test(one) && one !== BYTE_ORDER_MARK)));
    const surplus = Math.min(this.#kept.length - LONGEST_KEPT, this.#given - this.#from);
    if (surplus > 0) {
      this.#kept.splice(0, surplus);
      this.#from += surplus;
    }
    this.#send();
  }

  #settled = () => {
    if (this.#connection?.signalingState !== "stable") return;
    const peer = fingerprints(this.#connection);
    const another = this.#peer !== "" && peer !== this.#peer;
    this.#peer = peer;
    if (another) this.#openChannel();
  };

  #close() {
    const channel = this.#channel;
    this.#channel = null;
    channel?.close();
  }

  #openChannel() {
    this.#close();
    clearTimeout(this.#receiptTimer);
    const channel = this.#connection.createDataChannel("t140", { protocol: "t140", ordered: true });
    channel.binaryType = "arraybuffer";
    this.#channel = channel;
    this.#waitsForReceipt = this.#opened > 0;
    channel.addEventListener("open", () => {
      if (channel !== this.#channel) return;
      this.#opened += 1;
      this.#heard = this.#opened === 1;
      channel.send(`${START_OF_STRING}svar-received=${this.#theirs.taken}${STRING_TERMINATOR}`);
      this.#say("channel", { open: true });
      if (this.#waitsForReceipt && !this.#tells) this.#receiptTimer = setTimeout(() => this.#noReceipt(0), RECEIPT_WITHIN_MS);
      this.#send();
    });
    channel.addEventListener("message", ({ data }) => {
      if (channel === this.#channel) this.#take(data);
    });
    channel.addEventListener("close", () => {
      if (channel !== this.#channel) return;
      this.#say("channel", { open: false });
      // The connection stands, or it would be another's: try again, a few times.
      if (this.#connection && this.#opened < OPEN_AGAIN) setTimeout(() => channel === this.#channel && this.#openChannel(), 500);
    });
    if (this.#waitsForReceipt && this.#tells) this.#receiptTimer = setTimeout(() => this.#noReceipt(OPEN_AGAIN), RECEIPT_WITHIN_MS);
  }

  /** What opened the channel was lost with the old connection: open another; in the end go on without. */
  #noReceipt(more) {
    if (!this.#waitsForReceipt || !this.#connection) return;
    if (more > 0) {
      this.#openChannel();
      clearTimeout(this.#receiptTimer);
      this.#receiptTimer = setTimeout(() => this.#noReceipt(more - 1), RECEIPT_WITHIN_MS);
      return;
    }
    this.#waitsForReceipt = false;
    this.#send();
  }

  #take(data) {
    let characters = data;
    if (typeof data !== "string") {
      try {
        characters = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
      } catch {
        return; // not whole UTF-8 characters
      }
    }
    if (characters.length > 2 * LONGEST_MESSAGE) return;
    const before = this.#theirs.text;
    const told = this.#tells;
    const strings = this.#theirs.take(characters);
    for (const string of strings) this.#receipt(string);
    if (!this.#heard) {
      this.#heard = true;
      if (!told && strings.length === 0 && this.#theirs.text !== before) {
        const text = this.#theirs.text.slice(before.length);
        this.#theirs.text = before;
        this.#theirs.missing();
        this.#theirs.text += text;
      }
    }
    if (this.#theirs.text !== before) this.#say("theirs", { text: this.#theirs.text });
  }

  #receipt(string) {
    const place = Number(/^svar-received=([0-9]{1,9})$/.exec(string)?.[1] ?? NaN);
    if (Number.isNaN(place)) return;
    this.#tells = true;
    if (!this.#waitsForReceipt) return; // what was sent after it was written is on its way
    this.#waitsForReceipt = false;
    clearTimeout(this.#receiptTimer);
    this.#given = Math.min(Math.max(place, this.#from), this.#from + this.#kept.length);
    this.#send();
  }

  #send() {
    if (!this.open || this.#waitsForReceipt || this.#timer !== null) return;
    const now = performance.now();
    this.#blocks = this.#blocks.filter(([at]) => now - at < OVER_MS);
    const waiting = this.#from + this.#kept.length - this.#given;
    if (waiting === 0) return;
    const sinceLast = this.#blocks.length ? now - this.#blocks.at(-1)[0] : Infinity;
    const allowed = CHARACTERS - this.#blocks.reduce((sum, [, count]) => sum + count, 0);
    if (sinceLast < GATHER_MS || allowed <= 0) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#send();
      }, GATHER_MS);
      return;
    }
    const begin = this.#given - this.#from;
    const block = this.#kept.slice(begin, begin + Math.min(allowed, LONGEST_BLOCK));
    this.#channel.send(block.join(""));
    this.#given += block.length;
    this.#blocks.push([now, block.length]);
    this.#send();
  }

  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
