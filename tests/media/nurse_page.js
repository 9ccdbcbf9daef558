// A nurse's peer connection in a real browser: one RTCPeerConnection that outlives the kiosk's media process.
(() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
  const pen = canvas.getContext("2d");
  setInterval(() => {
    pen.fillStyle = `hsl(${(Date.now() / 20) % 360} 60% 50%)`;
    pen.fillRect(0, 0, 640, 480);
  }, 33);
  const context = new AudioContext();
  const tone = context.createOscillator();
  const sound = context.createMediaStreamDestination();
  tone.frequency.value = 1100;
  tone.connect(sound);
  tone.start();
  const connection = new RTCPeerConnection();
  const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true });
  document.body.append(video);
  connection.ontrack = ({ track, streams }) => {
    if (track.kind === "video") video.srcObject = streams[0] ?? new MediaStream([track]);
  };
  const gathered = () =>
    new Promise((done) => {
      const check = () => connection.iceGatheringState === "complete" && done();
      connection.addEventListener("icegatheringstatechange", check);
      check();
    });
  window.nurse = {
    async offer({ data }) {
      sound.stream.getTracks().forEach((track) => connection.addTrack(track, sound.stream));
      canvas.captureStream(30).getTracks().forEach((track) => connection.addTrack(track, sound.stream));
      if (data) connection.createDataChannel("t140", { protocol: "t140" });
      window.text?.begin(connection);
      await connection.setLocalDescription();
      await gathered();
      return connection.localDescription.sdp;
    },
    take: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
    async answer(sdp) {
      await connection.setRemoteDescription({ type: "offer", sdp });
      await connection.setLocalDescription();
      await gathered();
      return connection.localDescription.sdp;
    },
    async offerAgain() {
      await connection.setLocalDescription();
      await gathered();
      return connection.localDescription.sdp;
    },
    restartIce: () => connection.restartIce(),
    async replaceTrack() {
      const other = canvas.captureStream(30).getVideoTracks()[0];
      await connection.getSenders().find((sender) => sender.track?.kind === "video").replaceTrack(null);
      await new Promise((done) => setTimeout(done, 500));
      await connection.getSenders().find((sender) => sender.track === null).replaceTrack(other);
    },
    setVideoDirection(direction) {
      connection.getTransceivers()[1].direction = direction;
    },
    state: () => connection.connectionState,
    connection,
    async received() {
      let frames = 0;
      let sound = 0;
      (await connection.getStats()).forEach((entry) => {
        if (entry.type === "inbound-rtp" && entry.kind === "video") frames += entry.framesDecoded ?? 0;
        if (entry.type === "inbound-rtp" && entry.kind === "audio") sound += entry.totalSamplesReceived ?? 0;
      });
      return { frames, sound };
    },
    clock() {
      if (!video.videoWidth) return null;
      const small = Object.assign(document.createElement("canvas"), { width: 360, height: 30 });
      const eye = small.getContext("2d");
      eye.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 8, 0, 0, 360, 30);
      const row = eye.getImageData(0, 15, 360, 1).data;
      const bits = Array.from({ length: 36 }, (_, block) => (row[(block * 10 + 5) * 4 + 1] > 128 ? 1 : 0));
      if (bits.slice(0, 4).join("") !== "0101") return null;
      return parseInt(bits.slice(4).join(""), 2);
    },
  };
})();
