// The nurse's end of one SIP account and at most one call, by JsSIP; it shows nothing and knows no words.
import JsSIP from "./jssip.js";
import { askingAgain, LineAdaptation } from "./line_adaptation.js";

const FHIR_JSON = "application/fhir+json";
const PATIENT_SIDE = "application/vnd.svar.patient-side+json"; // kiosk/facts/patient_side.py
const PROFILE = "application/vnd.svar.profile+json"; // kiosk/call/profile_request.py
const MAXIMUM_MESSAGE_CHARACTERS = 16384;

/**
 * Emits (as CustomEvent, `detail` in brackets): `registration` {registered, cause}, `state` {state},
 * `remote` {stream}, `task` {task}, `patientSide` {side},
 * `profile` {profile}, `connection` {connection} before an offer is made on it.
 * States: ready, calling, ringing (180 came), called back (the patient calls), connecting (answered), talking (ACK sent),
 * ended, failed.
 */
/** A patient who has hung up by a slip may call back for so long (kiosk/flow/undoing.py: 5 s, and the line's time). */
const CALL_BACK_MS = 20000;

export class Call extends EventTarget {
  #config;
  #agent;
  #session = null;
  #callId = null;
  #adaptation = null;
  #hungUpAt = null;

  state = "starting";
  registered = false;
  /** The last final SIP status of an INVITE, its reason phrase, JsSIP's cause, and who ended: local or remote. */
  status = null;
  reason = null;
  cause = null;
  endedBy = null;
  /** Whether a 180 came for the last INVITE. */
  rang = false;
  reinvites = 0;
  refusedMessages = 0;

  constructor(config) {
    super();
    this.#config = config;
    const socket = new JsSIP.WebSocketInterface(config.websocket);
    this.#watchAnswers(socket);
    this.#agent = new JsSIP.UA({
      sockets: [socket],
      uri: config.uri,
      password: config.password,
      register: true,
      register_expires: 120,
      session_timers: false,
      user_agent: "Svar demonstration care desk",
    });
    this.#agent.on("registered", () => this.#registration(true, null));
    this.#agent.on("unregistered", ({ cause }) => this.#registration(false, cause ?? null));
    this.#agent.on("registrationFailed", ({ cause }) => this.#registration(false, cause));
    this.#agent.on("disconnected", () => this.#registration(false, "disconnected"));
    this.#agent.on("newRTCSession", ({ originator, session }) => {
      if (originator === "remote") this.#calledBack(session);
    });
    this.#agent.on("newMessage", ({ originator, message, request }) => {
      if (originator === "remote") this.#take(message, request);
    });
    this.#agent.start();
  }

  get connection() {
    return this.#session?.connection ?? null;
  }

  get active() {
    return ["calling", "ringing", "called back", "connecting", "talking"].includes(this.state);
  }

  /** Answer the patient who calls back. */
  answer(stream) {
    if (this.state !== "called back") return;
    const session = this.#session;
    session.answer({
      mediaStream: stream,
      mediaConstraints: { audio: true, video: true },
      pcConfig: { iceServers: this.#config.iceServers },
    });
    this.#listenTo(session);
  }

  /** Only the patient of the call that has just been hung up there; the nurse answers by a press of her own. */
  #calledBack(session) {
    const { user, host } = session.remote_identity.uri;
    const just = this.state === "ended" && this.#hungUpAt !== null && Date.now() - this.#hungUpAt < CALL_BACK_MS;
    if (!just || `sip:${user}@${host}` !== this.#config.callee) return session.terminate({ status_code: 486 });
    this.status = this.reason = this.cause = this.endedBy = null;
    this.reinvites = 0;
    this.#session = session;
    const handlers = this.#handlers(() => session);
    for (const name of ["peerconnection", "accepted", "sdp", "confirmed", "reinvite", "ended", "failed"]) {
      session.on(name, handlers[name]);
    }
    this.#enter("called back");
  }

  ring(stream) {
    this.status = this.reason = this.cause = this.endedBy = null;
    this.reinvites = 0;
    this.rang = false;
    this.#enter("calling");
    const session = this.#agent.call(this.#config.callee, {
      mediaStream: stream,
      mediaConstraints: { audio: true, video: true },
      extraHeaders: [`Accept: application/sdp, ${PATIENT_SIDE}`],
      pcConfig: { iceServers: this.#config.iceServers },
      eventHandlers: {
        ...this.#handlers(() => session),
        sending: ({ request }) => {
          this.#callId = request.call_id;
        },
        progress: ({ response }) => {
          if (response?.status_code !== 180) return;
          this.rang = true;
          this.#enter("ringing");
        },
      },
    });
    this.#session = session;
    this.#listenTo(session);
  }

  #listenTo(session) {
    session.connection.addEventListener("track", ({ streams, track }) =>
      this.#say("remote", { stream: streams[0] ?? new MediaStream([track]) }),
    );
  }

  /** What is the same whoever called. */
  #handlers(session) {
    return {
      peerconnection: ({ peerconnection }) => this.#say("connection", { connection: peerconnection }),
      accepted: ({ response }) => {
        this.#final(response);
        this.#enter("connecting");
      },
      sdp: (description) => {
        // Only on its way out: what the answer then says is what the browser goes by.
        if (description.originator === "local") description.sdp = askingAgain(description.sdp);
      },
      confirmed: () => {
        if (this.#adaptation === null) {
          this.#adaptation = new LineAdaptation(session().connection);
          this.#adaptation.start();
        }
        this.#enter("talking");
      },
      reinvite: () => {
        this.reinvites += 1;
      },
      ended: ({ originator, cause }) => this.#over("ended", originator, cause),
      failed: ({ originator, message, cause }) => {
        if (message?.status_code) this.#final(message);
        this.#over("failed", originator, cause);
      },
    };
  }

  hangUp() {
    if (this.#session && !this.#session.isEnded()) this.#session.terminate();
  }

  /** Send a FHIR Task within the call. `{status, reason}` of the answer to it; status null when none came. */
  sendTask(task) {
    return this.#send(FHIR_JSON, task);
  }

  /** Send a change of the patient's profile within the call; the answer as for a Task, the profile comes by itself. */
  sendProfile(change) {
    return this.#send(PROFILE, change);
  }

  #send(type, value) {
    const session = this.#session;
    return new Promise((resolve) => {
      if (!session || !session.isEstablished()) {
        resolve({ status: null, reason: "no call" });
        return;
      }
      const answered = (response) => resolve({ status: response.status_code, reason: response.reason_phrase });
      session.sendRequest(JsSIP.C.MESSAGE, {
        extraHeaders: [`Content-Type: ${type}`],
        body: JSON.stringify(value),
        eventHandlers: {
          onSuccessResponse: answered,
          onErrorResponse: answered,
          onTransportError: () => resolve({ status: null, reason: "transport" }),
          onRequestTimeout: () => resolve({ status: null, reason: "timeout" }),
          onDialogError: () => resolve({ status: null, reason: "dialog" }),
        },
      });
    });
  }

  /** JsSIP forgets an INVITE when it cancels it; the 487 that answers it comes later and is read here. */
  #watchAnswers(socket) {
    let forward = null;
    const watch = (data) => {
      if (this.state === "failed" && this.status === null && typeof data === "string") {
        const [, status, reason] = /^SIP\/2\.0 ([3-6]\d\d) (.*)/.exec(data) ?? [];
        const callId = /^(?:call-id|i)\s*:\s*(\S+)/im.exec(data)?.[1];
        if (status && callId === this.#callId && /^cseq\s*:\s*\d+\s+INVITE\s*$/im.test(data)) {
          this.#final({ status_code: Number(status), reason_phrase: reason.trim() });
          this.#enter("failed");
        }
      }
      forward(data);
    };
    Object.defineProperty(socket, "ondata", {
      get: () => (forward ? watch : null),
      set: (handler) => {
        forward = handler;
      },
    });
  }

  #take(message, request) {
    const refuse = (status) => {
      this.refusedMessages += 1;
      message.reject({ status_code: status });
    };
    const from = request.from.uri;
    if (`sip:${from.user}@${from.host}` !== this.#config.callee) return refuse(403);
    const type = (request.getHeader("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
    if (![FHIR_JSON, PATIENT_SIDE, PROFILE].includes(type)) return refuse(415);
    if (request.body.length > MAXIMUM_MESSAGE_CHARACTERS) return refuse(413);
    let told;
    try {
      told = JSON.parse(request.body);
    } catch {
      return refuse(400);
    }
    if (type === FHIR_JSON ? told?.resourceType !== "Task" : told === null || typeof told !== "object") return refuse(400);
    message.accept();
    if (type === PROFILE) return this.#say("profile", { profile: told });
    if (type === PATIENT_SIDE) this.#say("patientSide", { side: told });
    else this.#say("task", { task: told });
  }

  #registration(registered, cause) {
    this.registered = registered;
    if (registered && this.state === "starting") this.#enter("ready");
    this.#say("registration", { registered, cause });
  }

  #final(response) {
    this.status = response?.status_code ?? null;
    this.reason = response?.reason_phrase ?? null;
  }

  #over(state, originator, cause) {
    this.endedBy = originator === "remote" ? "remote" : "local";
    this.cause = cause;
    this.#hungUpAt = state === "ended" && this.endedBy === "remote" ? Date.now() : null;
    this.#session = null;
    this.#adaptation?.stop();
    this.#adaptation = null;
    this.#enter(state);
  }

  #enter(state) {
    this.state = state;
    this.#say("state", { state });
  }

  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
