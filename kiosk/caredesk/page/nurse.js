// Binds the nurse's page together: what is pressed, what is shown, and what a scripted visit may read (window.svar).
import { Call } from "./call.js";
import { readClock } from "./clock_strip.js";
import { openMedia } from "./generated_media.js";
import { Measurements } from "./measurements.js";
import { PatientProfile } from "./patient_profile.js";
import { PatientSide } from "./patient_side.js";
import { TextCard } from "./text_card.js";

const part = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);

const IN_CALL = {
  calling: "Ringer opp …",
  ringing: "Det ringer hos pasienten",
  "called back": "Pasienten ringer tilbake",
  connecting: "Kobler til …",
  talking: "I samtale",
};
const AWAY = "Pasientens skjerm er ikke på nett.";
const REFUSALS = {
  403: "Serveren avviste anropet.",
  404: AWAY,
  408: "Fikk ikke kontakt med pasientens skjerm.",
  480: "Ingen svarte.",
  486: "Pasienten er opptatt i en annen samtale.",
  487: "Anropet ble avbrutt.",
  488: "Skjermen kan ikke bruke bildet eller lyden herfra.",
  503: AWAY,
  603: "Pasienten tok ikke imot anropet.",
};

/** What tests and the scripted visit read; nothing here changes the page. Times: milliseconds since the epoch. */
class Svar {
  #call;
  constructor(call) {
    this.#call = call;
    /** When each state was last entered, and what was asked and shown: {name: ms}. */
    this.times = {};
    /** Every Task as it came, oldest first: {status, businessStatus, identifier, reason, at}. */
    this.tasks = [];
    this.lastRequest = null;
    this.lastObservation = null;
  }
  get state() { return this.#call.state; }
  get registered() { return this.#call.registered; }
  /** Final SIP status of the last INVITE, its phrase, JsSIP's cause, local or remote; null until known. */
  get status() { return this.#call.status; }
  get reason() { return this.#call.reason; }
  get cause() { return this.#call.cause; }
  get endedBy() { return this.#call.endedBy; }
  get reinvites() { return this.#call.reinvites; }
  get refusedMessages() { return this.#call.refusedMessages; }
  /** What the measurements tell (measurements.js). */
  asked(identifier) {
    this.lastRequest = identifier;
    this.times.asked = Date.now();
  }
  news(task) { this.tasks.push({ ...task, at: Date.now() }); }
  shown({ main, second, pulse, id, kind, effective, flags, doubtful, preliminary, test }) {
    this.lastObservation = {
      id, kind, effective, flags, doubtful, preliminary, test,
      value: main.value, unit: main.unit, absent: main.absent,
      systolic: second ? main.value : null, diastolic: second?.value ?? null, pulseRate: pulse?.value ?? null,
    };
    this.times.reading = Date.now();
  }
  /** Frames of the kiosk's picture decoded in this call (getStats); null without a call. */
  async framesDecoded() {
    if (!this.#call.connection) return null;
    const reports = [...(await this.#call.connection.getStats()).values()];
    return reports.find((r) => r.type === "inbound-rtp" && r.kind === "video")?.framesDecoded ?? 0;
  }
  /** The clock in the kiosk's picture as shown now (32 bits of milliseconds), or null. */
  remoteClock() { return readClock(part("remote")); }
}

class Page {
  #config;
  #call;
  #svar;
  #measurements;
  #profile;
  #side = new PatientSide();
  #text;
  #media = null;

  constructor(config) {
    this.#config = config;
    this.#call = new Call(config);
    this.#svar = new Svar(this.#call);
    window.svar = this.#svar;
    this.#text = new TextCard(config.name);
    this.#measurements = new Measurements(config, (task) => this.#call.sendTask(task), this.#svar);
    this.#profile = new PatientProfile((change) => this.#call.sendProfile(change));
    part("patient").textContent = config.patientName;
    for (const kind of ["camera", "sound"]) {
      if (parameters.get(kind) === "real") document.querySelector(`input[name=${kind}][value=real]`).checked = true;
    }
    part("ring").addEventListener("click", () => void this.#ring());
    part("answer").addEventListener("click", () => void this.#answer());
    part("hang-up").addEventListener("click", () => this.#call.hangUp());
    this.#call.addEventListener("state", ({ detail }) => this.#entered(detail.state));
    this.#call.addEventListener("registration", () => this.#show());
    this.#call.addEventListener("remote", ({ detail }) => {
      part("remote").srcObject = detail.stream;
    });
    this.#call.addEventListener("connection", ({ detail }) => this.#text.begin(detail.connection));
    this.#call.addEventListener("patientSide", ({ detail }) => this.#side.take(detail.side));
    this.#call.addEventListener("profile", ({ detail }) => this.#profile.take(detail.profile));
    this.#call.addEventListener("task", ({ detail }) => void this.#measurements.take(detail.task));
    this.#show();
  }

  async #ring() {
    part("ring").disabled = true;
    if (!(await this.#openMedia())) {
      part("ring").disabled = false;
      return;
    }
    this.#measurements.begin();
    this.#call.ring(this.#media.stream);
  }

  async #answer() {
    part("answer").disabled = true;
    if (await this.#openMedia()) {
      this.#measurements.begin();
      this.#call.answer(this.#media.stream);
    }
    part("answer").disabled = false;
  }

  async #openMedia() {
    const choice = {};
    for (const kind of ["camera", "sound"]) choice[kind] = document.querySelector(`input[name=${kind}]:checked`).value;
    try {
      this.#media = await openMedia(choice, Number(parameters.get("tone")) || 1000);
    } catch {
      this.#status("Fikk ikke tak i kameraet eller mikrofonen.", "Gi nettleseren lov, eller velg laget bilde og tone.");
      return false;
    }
    part("own").srcObject = this.#media.stream;
    return true;
  }

  #entered(state) {
    this.#svar.times[state] = Date.now();
    if (state === "talking") {
      this.#side.begin(this.#call.connection);
      this.#profile.begin();
    }
    if (state === "ended" || state === "failed") {
      this.#measurements.end();
      this.#text.end();
      this.#side.end();
      this.#profile.end();
    }
    if (!this.#call.active && this.#media) {
      this.#media.stop();
      this.#media = null;
      part("own").srcObject = null;
      part("remote").srcObject = null;
    }
    this.#show();
  }

  #show() {
    const { state, registered, active, status, reason } = this.#call;
    part("lamp").dataset.on = String(registered);
    part("account").textContent = `${this.#config.name} – ${registered ? "tilkoblet" : "ikke tilkoblet"}`;
    part("ring").disabled = active || !registered;
    part("hang-up").disabled = !active;
    part("ring").hidden = state === "called back";
    part("answer").hidden = state !== "called back";
    this.#measurements.allow(state === "talking");
    this.#text.allow(state === "talking");
    part("own").hidden = !active;
    part("placeholder").hidden = state === "talking";
    part("placeholder").textContent = active ? IN_CALL[state] : "Ingen samtale";
    part("status").dataset.state = state;
    const sip = status === null ? "" : `SIP ${status} ${reason ?? ""}`.trim();
    if (active) this.#status(IN_CALL[state], "");
    else if (state === "failed") this.#status(this.#refusal(status), sip);
    else if (state === "ended") {
      this.#status(this.#call.endedBy === "remote" ? "Pasienten la på." : "Du la på. Samtalen er over.", "");
    } else this.#status(registered ? "Klar til å ringe." : "Kobler til serveren …", "");
  }

  #refusal(status) {
    if (status === 480 && !this.#call.rang) return AWAY; // nobody rang: that was the server, not the patient
    if (status !== null && REFUSALS[status]) return REFUSALS[status];
    return this.#call.endedBy === "local" ? "Anropet ble avbrutt." : "Anropet mislyktes.";
  }

  #status(text, detail) {
    if (part("status").textContent !== text) part("status").textContent = text;
    part("detail").textContent = detail;
  }
}

async function start() {
  const response = await fetch(`config.json?${new URLSearchParams({ caller: parameters.get("caller") ?? "" })}`);
  if (!response.ok) throw new Error(`config.json: HTTP ${response.status}`);
  new Page(await response.json());
}

start().catch(() => {
  part("account").textContent = "Siden fikk ikke oppsettet sitt";
  part("status").textContent = "Last siden på nytt.";
});
