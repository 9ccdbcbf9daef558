// Captions over a data channel `captions`: what somebody types (or a speech service hears), as JSON; it shows nothing.
const LONGEST = 600;

/** `begin` with the RTCPeerConnection before its offer is made, and `again` when another has taken the other side. */
export class Captions {
  #connection = null;
  #channel = null;
  #peer = "";
  #sequence = 0;
  #start = null;
  #began = 0;
  #last = null;

  begin(connection) {
    this.end();
    this.#connection = connection;
    [this.#peer, this.#start, this.#last, this.#began] = ["", null, null, performance.now()];
    connection.addEventListener("signalingstatechange", this.#settled);
    this.#open();
  }

  end() {
    this.#connection?.removeEventListener("signalingstatechange", this.#settled);
    this.#connection = null;
    this.#channel?.close();
    this.#channel = null;
  }

  /** What is being said; `final` ends it, and what comes after is another sentence. */
  say(text, { final, speaker, lang = "nb", automatic = false }) {
    this.#start ??= Math.round(performance.now() - this.#began) / 1000;
    this.#sequence += 1;
    const message = { seq: this.#sequence, lang, text: text.slice(0, LONGEST), final, speaker, start: this.#start, automatic };
    this.#last = JSON.stringify(message);
    if (this.#channel?.readyState === "open") this.#channel.send(this.#last);
    if (final) this.#start = null;
  }

  #settled = () => {
    if (this.#connection?.signalingState !== "stable") return;
    const peer = (this.#connection.currentRemoteDescription?.sdp.match(/^a=fingerprint:.*$/gm) ?? []).join(" ");
    const another = this.#peer !== "" && peer !== this.#peer;
    this.#peer = peer;
    if (another) this.#open();
  };

  #open() {
    this.#channel?.close();
    const channel = this.#connection.createDataChannel("captions", { protocol: "captions", ordered: true });
    this.#channel = channel;
    // What was said while there was no way is said again; it is numbered, so twice does no harm.
    channel.addEventListener("open", () => channel === this.#channel && this.#last && channel.send(this.#last));
  }
}
