// «Skjermen hos pasienten»: what the nurse may set there while they talk, and how it is set now. The functions above
// the class are pure. What goes over the line: kiosk/call/profile_request.py.
const SIZES = [100, 125, 150, 175, 200];
const WORDS = {
  NONE: "Skjermen har ikke svart ennå.",
  SENT: "Sendt …",
  DONE: "Slik er det hos pasienten nå.",
  REFUSED: "Skjermen kunne ikke gjøre det.",
  LOST: "Skjermen svarte ikke. Prøv igjen.",
  AGAIN: "Trykk igjen: bare pasienten kan si ja på nytt",
  WITHDRAW: "Slutt å lese målinger høyt",
};
const ANSWER_MS = 5000;

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value) => (typeof value === "string" ? value : null);

/** What the kiosk tells; what it lacks or says in another form is null. */
export function readProfile(told) {
  return {
    volume: number(told?.volumePercent), size: number(told?.textPercent), theme: text(told?.theme),
    sound: text(told?.soundProfile), audiogram: told?.audiogram === true, aloud: told?.readingsAloud === true,
    refused: told?.refused === true,
  };
}

/** The next text size up (1) or down (-1) from what it is; null where there is none. */
export function nextSize(size, way) {
  if (size === null) return null;
  const rest = way > 0 ? SIZES.filter((one) => one > size) : SIZES.filter((one) => one < size).reverse();
  return rest[0] ?? null;
}

const part = (id) => document.getElementById(`profile-${id}`);

/** One for the page. `send(change)` gives {status}. `begin()` with each call, `take(message)`, `end()`. */
export class PatientProfile {
  #send;
  #profile = null;
  #timer = null;
  #talking = false;

  constructor(send) {
    this.#send = send;
    part("quieter").addEventListener("click", () => void this.#ask({ volume: "down" }));
    part("louder").addEventListener("click", () => void this.#ask({ volume: "up" }));
    for (const [id, way] of [["smaller", -1], ["larger", 1]]) {
      part(id).addEventListener("click", () => {
        const size = nextSize(this.#profile?.size ?? null, way);
        if (size !== null) void this.#ask({ textPercent: size });
      });
    }
    part("theme").addEventListener("change", () => void this.#ask({ theme: part("theme").value }));
    part("sound").addEventListener("change", () => void this.#ask({ soundProfile: part("sound").value }));
    part("withdraw").addEventListener("click", () => this.#withdraw());
    this.#show(WORDS.NONE);
  }

  begin() {
    this.end();
    this.#talking = true;
    void this.#ask({});
  }

  take(message) {
    if (!this.#talking) return;
    clearTimeout(this.#timer);
    this.#profile = readProfile(message);
    this.#show(this.#profile.refused ? WORDS.REFUSED : WORDS.DONE);
  }

  end() {
    clearTimeout(this.#timer);
    this.#talking = false;
    this.#profile = null;
    part("panel").hidden = true;
    this.#show(WORDS.NONE);
  }

  async #ask(change) {
    if (!this.#talking) return;
    this.#unsure();
    clearTimeout(this.#timer);
    part("note").textContent = WORDS.SENT;
    this.#timer = setTimeout(() => this.#show(WORDS.LOST), ANSWER_MS);
    const { status } = await this.#send(change);
    if (status === null || status < 300 || !this.#talking) return;
    clearTimeout(this.#timer);
    this.#show(WORDS.LOST);
  }

  #withdraw() {
    const button = part("withdraw");
    if (button.dataset.sure !== "true") {
      button.dataset.sure = "true";
      button.textContent = WORDS.AGAIN;
      return;
    }
    void this.#ask({ withdraw: ["readings-aloud"] });
  }

  #show(note) {
    const now = this.#profile;
    const panel = part("panel");
    if (now !== null) panel.hidden = false; // a screen that answers nothing has nothing to set
    part("note").textContent = note;
    part("volume").textContent = now?.volume === null || now === null ? "–" : `${now.volume} %`;
    part("size").textContent = now?.size === null || now === null ? "–" : `${now.size} %`;
    part("quieter").disabled = !(now?.volume > 0);
    part("louder").disabled = !(now?.volume < 100);
    part("smaller").disabled = nextSize(now?.size ?? null, -1) === null;
    part("larger").disabled = nextSize(now?.size ?? null, 1) === null;
    part("theme").value = now?.theme ?? "";
    part("sound-audiogram").disabled = now?.audiogram !== true;
    part("sound").value = now?.sound ?? "";
    part("withdraw").hidden = now?.aloud !== true;
    if (now?.aloud !== true) this.#unsure(); // a late answer to something else does not undo the first press
  }

  #unsure() {
    part("withdraw").dataset.sure = "false";
    part("withdraw").textContent = WORDS.WITHDRAW;
  }
}
