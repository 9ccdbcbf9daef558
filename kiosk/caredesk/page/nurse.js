// Binds the nurse's page together: what is pressed, what is shown, and what a scripted visit may read (window.svar).
import { identifierOf, latestObservations, observationOf, requestTask } from "./blood_pressure.js";
import { Call } from "./call.js";
import { readClock } from "./clock_strip.js";
import { openMedia } from "./generated_media.js";

const READINGS_SHOWN = 5;
const UNITS = { "mm[Hg]": "mmHg" }; // UCUM to what people write
const part = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);

const IN_CALL = {
  calling: "Ringer opp …",
  ringing: "Det ringer hos pasienten",
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
    /** Every Task as it came, oldest first: {status, businessStatus, identifier, at}. */
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
  /** Frames of the kiosk's picture decoded in this call (getStats); null without a call. */
  async framesDecoded() {
    if (!this.#call.connection) return null;
    const reports = [...(await this.#call.connection.getStats()).values()];
    return reports.find((r) => r.type === "inbound-rtp" && r.kind === "video")?.framesDecoded ?? 0;
  }
  /** The clock in the kiosk's picture as shown now (32 bits of milliseconds), or null. */
  remoteClock() { return readClock(part("remote")); }
}

const textOf = (value) => (typeof value === "string" ? value : null);

function clockTime(text) {
  const at = new Date(text ?? "");
  return Number.isNaN(at.getTime())
    ? "ukjent tid"
    : at.toLocaleString("nb-NO", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

const number = (value) => (value === null ? "–" : String(value).replace(".", ","));
const pressure = (reading) => `${number(reading.systolic)}/${number(reading.diastolic)}`;

class Page {
  #config;
  #call;
  #svar;
  #media = null;
  #asked = null;

  constructor(config) {
    this.#config = config;
    this.#call = new Call(config);
    this.#svar = new Svar(this.#call);
    window.svar = this.#svar;
    part("patient").textContent = config.patientName;
    for (const kind of ["camera", "sound"]) {
      if (parameters.get(kind) === "real") document.querySelector(`input[name=${kind}][value=real]`).checked = true;
    }
    part("ring").addEventListener("click", () => void this.#ring());
    part("hang-up").addEventListener("click", () => this.#call.hangUp());
    part("ask").addEventListener("click", () => void this.#ask());
    this.#call.addEventListener("state", ({ detail }) => this.#entered(detail.state));
    this.#call.addEventListener("registration", () => this.#show());
    this.#call.addEventListener("remote", ({ detail }) => {
      part("remote").srcObject = detail.stream;
    });
    this.#call.addEventListener("task", ({ detail }) => void this.#taskCame(detail.task));
    this.#show();
    void this.#refreshReadings();
  }

  async #ring() {
    part("ring").disabled = true;
    const choice = {};
    for (const kind of ["camera", "sound"]) choice[kind] = document.querySelector(`input[name=${kind}]:checked`).value;
    try {
      this.#media = await openMedia(choice, Number(parameters.get("tone")) || 1000);
    } catch {
      this.#status("Fikk ikke tak i kameraet eller mikrofonen.", "Gi nettleseren lov, eller velg laget bilde og tone.");
      part("ring").disabled = false;
      return;
    }
    part("own").srcObject = this.#media.stream;
    this.#task("Ingen måling er bedt om.", "");
    this.#call.ring(this.#media.stream);
  }

  async #ask() {
    const task = requestTask(this.#config.patient);
    this.#asked = identifierOf(task);
    this.#svar.lastRequest = this.#asked;
    this.#svar.times.asked = Date.now();
    this.#task("Forespørselen sendes …", "busy");
    const answer = await this.#call.sendTask(task);
    if (answer.status === null || answer.status >= 300) {
      this.#task(`Forespørselen kom ikke fram (${answer.status ?? answer.reason}).`, "bad");
    } else if (!this.#svar.tasks.some((known) => known.identifier === this.#asked)) {
      this.#task("Skjermen har fått forespørselen.", "busy");
    }
  }

  async #taskCame(task) {
    const identifier = identifierOf(task);
    const status = textOf(task.status);
    const businessStatus = textOf(task.businessStatus?.text);
    this.#svar.tasks.push({ status, businessStatus, identifier, at: Date.now() });
    if (identifier !== this.#asked && status !== "completed") return; // an older request: its reading still counts
    switch (status) {
      case "accepted":
        this.#task("Pasienten blir veiledet.", "busy");
        break;
      case "in-progress":
        this.#task(businessStatus === "saved" ? "Målt, sendes …" : "Måler …", "busy");
        break;
      case "completed":
        await this.#completed(task);
        break;
      case "failed":
      case "rejected":
        this.#task(`Målingen ble ikke gjennomført. ${textOf(task.statusReason?.text) ?? ""}`.trim(), "bad");
        break;
      default:
        break;
    }
  }

  async #completed(task) {
    try {
      const reading = await observationOf(this.#config.fhir, task);
      if (reading) this.#showReading(reading);
      this.#task(reading ? "Målingen er mottatt." : "Målingen er levert, men ble ikke funnet.", reading ? "done" : "bad");
    } catch {
      this.#task("Målingen er levert, men journalen svarer ikke.", "bad");
    }
    await this.#refreshReadings();
  }

  #showReading(reading) {
    this.#svar.lastObservation = reading;
    this.#svar.times.reading = Date.now();
    part("newest-value").textContent = pressure(reading);
    part("newest-unit").textContent = UNITS[reading.unit] ?? reading.unit ?? "";
    part("newest-time").textContent = `Målt ${clockTime(reading.effective)}`;
    part("newest-pulse").textContent = number(reading.pulseRate);
    part("newest").hidden = false;
  }

  async #refreshReadings() {
    const note = part("readings-note");
    try {
      const readings = await latestObservations(this.#config.fhir, this.#config.patient, READINGS_SHOWN);
      part("readings").replaceChildren(
        ...readings.map((reading) => {
          const row = document.createElement("tr");
          for (const text of [clockTime(reading.effective), pressure(reading), number(reading.pulseRate)]) {
            row.insertCell().textContent = text;
          }
          return row;
        }),
      );
      note.textContent = readings.length ? "" : "Ingen målinger ennå.";
    } catch {
      note.textContent = "Journalen svarer ikke nå.";
    }
  }

  #entered(state) {
    this.#svar.times[state] = Date.now();
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
    part("ask").disabled = state !== "talking";
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

  #task(text, kind) {
    part("task").textContent = text;
    part("task").dataset.kind = kind;
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
