// One end of a measured call in a browser: one RTCPeerConnection, every presented frame and the statistics of each
// 200 ms as numbers in milliseconds of performance.now(); it judges nothing and shows the other end small.
// Its camera is the browser's fake one, or a drawn picture with a live clock.
import { checked, drawClock } from "./clock_strip.js";
import { askingAgain, LineAdaptation } from "./line_adaptation.js";

const STATISTICS_MS = 200;
const WAIT_MS = 20; // until the first sound
const CLOCK_EVERY_FILE = 15; // frames: reading pixels back is dear, and the browser's processor time is measured
const CLOCK_EVERY_LIVE = 3;
const DRAW_MS = 1000 / 30;
const BLOCKS = 36;
const SYNC = 4;
const STRIP_MIDDLE = 1 / 16; // of the picture's height
const LEAST_CONTRAST = 60;
const HEARD_ENERGY = 1e-7;

const video = document.getElementById("remote");
const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
const times = {};
const canvas = new OffscreenCanvas(BLOCKS, 1);
const pen = canvas.getContext("2d", { willReadFrequently: true });
let local = null;
let frames = [];
let samples = [];
let counted = 0;
let clockEvery = CLOCK_EVERY_FILE;
let drawing = null;
let adaptation = null; // to the line, as the nurse's page does

const note = (name) => {
  if (name in times) return;
  times[name] = performance.now();
  window.told(name, times[name]);
};

/** The clock strip's number, or null: the picture's top is drawn into one pixel a block. */
function readStrip(width, height) {
  pen.drawImage(video, 0, Math.floor(height * STRIP_MIDDLE), width, 1, 0, 0, BLOCKS, 1);
  const { data } = pen.getImageData(0, 0, BLOCKS, 1);
  const level = (block) => data[block * 4 + 1];
  const dark = Math.max(level(0), level(2));
  const bright = Math.min(level(1), level(3));
  if (bright - dark < LEAST_CONTRAST) return null;
  let value = 0;
  for (let block = SYNC; block < BLOCKS; block += 1) value = value * 2 + (level(block) > (dark + bright) / 2 ? 1 : 0);
  return checked(value);
}

function onFrame(now, { presentationTime, width, height, presentedFrames }) {
  note("firstPicture");
  counted += 1;
  const clock = counted % clockEvery === 0 ? readStrip(width, height) : null;
  frames.push([presentationTime, width, height, clock, presentedFrames]);
  video.requestVideoFrameCallback(onFrame);
}

function summary(report) {
  const found = { at: performance.now() };
  let selected = null;
  for (const entry of report.values()) {
    if (entry.type === "inbound-rtp") found[entry.kind === "audio" ? "heard" : "seen"] = entry;
    else if (entry.type === "outbound-rtp") found[entry.kind === "audio" ? "said" : "sent"] = entry;
    else if (entry.type === "transport") selected = entry.selectedCandidatePairId;
  }
  found.pair = selected && report.get(selected);
  return found;
}

async function everyWhile() {
  const found = summary(await connection.getStats());
  const heard = found.heard?.totalAudioEnergy > HEARD_ENERGY;
  if (heard) note("firstSound");
  samples.push(found);
  setTimeout(everyWhile, times.firstSound === undefined ? WAIT_MS : STATISTICS_MS);
}

/** A moving picture that tells the time at which it was drawn (low 32 bits of Unix milliseconds). */
function drawnCamera(width, height) {
  const easel = Object.assign(document.createElement("canvas"), { width, height });
  const brush = easel.getContext("2d");
  const draw = () => {
    const now = Date.now();
    brush.fillStyle = "#5a7a6a";
    brush.fillRect(0, 0, width, height);
    brush.fillStyle = "#e0d0b0";
    brush.fillRect(((now / 4) % width) - 40, height * 0.4, 80, 120);
    drawClock(brush, width, height, now);
  };
  draw();
  drawing = setInterval(draw, DRAW_MS);
  return easel.captureStream(30).getVideoTracks();
}

const gathered = () =>
  new Promise((done) => {
    const check = () => connection.iceGatheringState === "complete" && done();
    connection.addEventListener("icegatheringstatechange", check);
    check();
  });

async function described() {
  await gathered();
  return connection.localDescription.sdp;
}

function preferVp8() {
  const codecs = RTCRtpReceiver.getCapabilities("video").codecs.filter(({ mimeType }) => !/H26[45]/i.test(mimeType));
  codecs.sort((one, other) => (other.mimeType === "video/VP8") - (one.mimeType === "video/VP8"));
  for (const transceiver of connection.getTransceivers()) {
    if (transceiver.receiver.track.kind === "video") transceiver.setCodecPreferences(codecs);
  }
}

connection.addEventListener("connectionstatechange", () => note(connection.connectionState));
connection.addEventListener("track", ({ track, streams }) => {
  video.srcObject = streams[0] ?? new MediaStream([track]);
  if (track.kind === "video") video.requestVideoFrameCallback(onFrame);
});

window.end = {
  async start(width, height, live, nurse) {
    if (nurse) adaptation = new LineAdaptation(connection);
    const picture = { width: { exact: width }, height: { exact: height }, frameRate: 30 };
    local = await navigator.mediaDevices.getUserMedia({ audio: true, video: live ? false : picture });
    if (live) {
      clockEvery = CLOCK_EVERY_LIVE;
      for (const track of drawnCamera(width, height)) local.addTrack(track);
    }
    for (const track of local.getTracks()) connection.addTrack(track, local);
    preferVp8();
  },
  async offer() {
    await connection.setLocalDescription();
    const sdp = await described();
    return adaptation ? askingAgain(sdp) : sdp;
  },
  async answer(sdp) {
    note("accepted");
    await connection.setRemoteDescription({ type: "offer", sdp });
    preferVp8();
    await connection.setLocalDescription();
    everyWhile();
    return described();
  },
  async take(sdp) {
    note("accepted");
    await connection.setRemoteDescription({ type: "answer", sdp });
    adaptation?.start();
    everyWhile();
  },
  state: () => connection.connectionState,
  async begin() {
    frames = [];
    samples = [summary(await connection.getStats())];
  },
  async report() {
    samples.push({ ...summary(await connection.getStats()), adaptation: adaptation?.state ?? null });
    return JSON.stringify({ frames, samples });
  },
  stop() {
    adaptation?.stop();
    connection.close();
    clearInterval(drawing);
    local?.getTracks().forEach((track) => track.stop());
  },
  now: () => performance.now(),
};
