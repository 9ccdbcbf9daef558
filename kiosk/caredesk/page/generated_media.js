// The nurse's generated picture and sound, so that one computer's camera is left to the kiosk; nothing of the call.
import { drawClock } from "./clock_strip.js";

const WIDTH = 640;
const HEIGHT = 480;
const CANVAS_PER_DRAWN = 4 / 3; // the nurse is drawn on 480 by 360 and scaled up
const PICTURES_PER_SECOND = 30;
const TONE_ON_S = 0.3;
const TONE_PERIOD_S = 1.0;
const TONE_GAIN = 0.1; // -20 dBFS, as loud as a voice
const EDGE_S = 0.005; // a pulse without an edge clicks, and a click is heard in every band

function drawNurse(pen, milliseconds) {
  const width = WIDTH / CANVAS_PER_DRAWN;
  const height = HEIGHT / CANVAS_PER_DRAWN;
  pen.save();
  pen.scale(CANVAS_PER_DRAWN, CANVAS_PER_DRAWN);
  const seconds = milliseconds / 1000;
  const sway = Math.sin(seconds * 1.3) * 8;
  const wall = pen.createLinearGradient(0, 0, 0, height);
  wall.addColorStop(0, "#dfe9ec");
  wall.addColorStop(1, "#b7cdd3");
  pen.fillStyle = wall;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = "#f6fafb";
  pen.fillRect(20, 80, 104, 150);
  pen.fillStyle = "#9cc4d8";
  pen.fillRect(28, 88, 88, 134);

  pen.save();
  pen.translate(width / 2 + sway, 0);
  pen.fillStyle = "#2b6f86"; // tunic
  pen.beginPath();
  pen.moveTo(-130, height);
  pen.quadraticCurveTo(-125, 262, -40, 246);
  pen.lineTo(40, 246);
  pen.quadraticCurveTo(125, 262, 130, height);
  pen.fill();
  pen.fillStyle = "#e2b08e"; // neck
  pen.fillRect(-20, 212, 40, 44);
  pen.fillStyle = "#5a3a26"; // hair
  pen.beginPath();
  pen.ellipse(0, 150, 70, 84, 0, 0, Math.PI * 2);
  pen.fill();
  pen.fillStyle = "#f0c3a2"; // face
  pen.beginPath();
  pen.ellipse(0, 160, 54, 66, 0, 0, Math.PI * 2);
  pen.fill();
  pen.fillStyle = "#2a1a10";
  const blink = milliseconds % 4000 < 140 ? 1 : 6;
  for (const side of [-1, 1]) {
    pen.beginPath();
    pen.ellipse(side * 20, 152, 5, blink, 0, 0, Math.PI * 2);
    pen.fill();
  }
  pen.strokeStyle = "#8e3b34";
  pen.lineWidth = 4;
  pen.beginPath();
  pen.arc(0, 176, 22, 0.25 * Math.PI, 0.75 * Math.PI);
  pen.stroke();
  pen.fillStyle = "#ffffff"; // name badge
  pen.fillRect(34, 290, 50, 26);
  pen.fillStyle = "#2b6f86";
  pen.fillRect(40, 297, 38, 4);
  pen.fillRect(40, 305, 26, 4);
  pen.restore();

  const swing = Math.sin(seconds * 4) * 0.35;
  pen.save(); // a waving hand: a still picture is seen at once
  pen.translate(412, 320);
  pen.rotate(swing);
  pen.fillStyle = "#2b6f86";
  pen.fillRect(-16, -40, 32, 90);
  pen.fillStyle = "#f0c3a2";
  pen.beginPath();
  pen.ellipse(0, -62, 22, 28, 0, 0, Math.PI * 2);
  pen.fill();
  pen.restore();

  pen.fillStyle = "#10323d";
  pen.fillRect(0, height - 34, width, 34);
  pen.fillStyle = "#ffffff";
  pen.font = "600 20px sans-serif";
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillText("Laget bilde", 14, height - 16);
  pen.textAlign = "right";
  const clock = new Date(milliseconds).toLocaleTimeString("nb-NO");
  pen.fillText(`${clock},${Math.floor((milliseconds % 1000) / 100)}`, width - 14, height - 16);
  pen.restore();
}

/** A video track of a moving picture that carries its clock; `{track, stop()}`. */
export function generatedCamera() {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext("2d", { alpha: false });
  const draw = () => {
    const now = Date.now();
    drawNurse(pen, now);
    drawClock(pen, WIDTH, HEIGHT, now);
  };
  draw();
  const timer = setInterval(draw, 1000 / PICTURES_PER_SECOND);
  const track = canvas.captureStream().getVideoTracks()[0];
  return {
    track,
    stop() {
      clearInterval(timer);
      track.stop();
    },
  };
}

/** An audio track with a pulsed tone of `hertz`: 0.3 s of each second; `{track, stop()}`. Needs a press before it. */
export function generatedSound(hertz) {
  const context = new AudioContext({ sampleRate: 48000 });
  const length = Math.round(context.sampleRate * TONE_PERIOD_S);
  const second = context.createBuffer(1, length, context.sampleRate);
  const samples = second.getChannelData(0);
  for (let index = 0; index < context.sampleRate * TONE_ON_S; index += 1) {
    const at = index / context.sampleRate;
    const edge = Math.min(1, at / EDGE_S, (TONE_ON_S - at) / EDGE_S);
    samples[index] = TONE_GAIN * edge * Math.sin(2 * Math.PI * hertz * at);
  }
  const source = new AudioBufferSourceNode(context, { buffer: second, loop: true });
  const destination = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
  source.connect(destination);
  source.start();
  const track = destination.stream.getAudioTracks()[0];
  return {
    track,
    stop() {
      source.stop();
      track.stop();
      void context.close();
    },
  };
}

async function realTrack(kind) {
  const stream = await navigator.mediaDevices.getUserMedia({ [kind]: true });
  const track = stream.getTracks()[0];
  return { track, stop: () => track.stop() };
}

/** `{stream, stop()}` with one audio and one video track; `choice` is {camera, sound}: generated or real; `hertz`. */
export async function openMedia(choice, hertz) {
  const sources = [];
  try {
    sources.push(choice.sound === "real" ? await realTrack("audio") : generatedSound(hertz));
    sources.push(choice.camera === "real" ? await realTrack("video") : generatedCamera());
  } catch (error) {
    sources.forEach((source) => source.stop());
    throw error;
  }
  return {
    stream: new MediaStream(sources.map((source) => source.track)),
    stop: () => sources.forEach((source) => source.stop()),
  };
}
