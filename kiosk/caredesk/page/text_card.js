// The nurse's text lanes and her caption field on the page; what travels is real_time_text.js's and captions.js's.
import { Captions } from "./captions.js";
import { edit, graphemes, LOSS_MARK, RealTimeText } from "./real_time_text.js";

const part = (id) => document.getElementById(id);
const SHOWN = 1500;

const WORDS = {
  closed: "Tekst virker i samtalen.",
  waits: "Skjermen tar ikke imot tekst ennå. Det du skriver, sendes straks den gjør det.",
  open: "Hver bokstav vises hos pasienten mens du skriver.",
  missing: "□ betyr at tekst kan ha gått tapt.",
};

export class TextCard {
  #text = new RealTimeText();
  #captions = new Captions();
  #written = "";
  #speaker;

  constructor(speaker) {
    this.#speaker = speaker;
    this.#text.addEventListener("theirs", ({ detail }) => this.#show(detail.text));
    this.#text.addEventListener("channel", () => this.#note());
    part("text-own").addEventListener("input", ({ target }) => {
      this.#text.write(edit(this.#written, target.value));
      this.#written = target.value;
    });
    const caption = part("caption-own");
    caption.addEventListener("input", () => this.#say(caption.value, false));
    caption.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (caption.value.trim()) this.#say(caption.value, true);
      caption.value = "";
    });
    this.end();
  }

  /** What the patient has written, whole. */
  get theirs() {
    return this.#text.theirs;
  }

  get open() {
    return this.#text.open;
  }

  /** A call begins; before its offer is made. */
  begin(connection) {
    [this.#written, part("text-own").value, part("caption-own").value] = ["", "", ""];
    this.#show("");
    this.#text.begin(connection);
    this.#captions.begin(connection);
    this.#note();
  }

  /** Only while somebody can read it. What was written stays until the next call. */
  allow(talking) {
    part("text-own").disabled = part("caption-own").disabled = part("caption-send").disabled = !talking;
    this.#note();
  }

  end() {
    this.#text.end();
    this.#captions.end();
    this.allow(false);
  }

  #say(text, final) {
    this.#captions.say(text, { final, speaker: this.#speaker });
  }

  #show(text) {
    part("text-theirs").textContent = graphemes(text).slice(-SHOWN).join("").replaceAll(LOSS_MARK, "□");
    part("text-theirs").scrollTop = part("text-theirs").scrollHeight;
    this.#note();
  }

  #note() {
    const disabled = part("text-own").disabled;
    const state = disabled ? WORDS.closed : this.#text.open ? WORDS.open : WORDS.waits;
    const note = part("text-theirs").textContent.includes("□") ? `${state} ${WORDS.missing}` : state;
    if (part("text-note").textContent !== note) part("text-note").textContent = note;
  }
}
