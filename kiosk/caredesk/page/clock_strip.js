// The machine-readable clock across the top of a generated picture: draws it and reads it back, and nothing else.
// The geometry is that of kiosk/facts/clock_strip.py; both ends must agree on it.
const BLOCKS = 36;
const STRIP_SHARE = 1 / 8; // of the picture's height
const SYNC = [false, true, false, true]; // black, white, black, white; then the clock, then its check, highest bit first
const CHECK_BITS = 4;
const CLOCK_BITS = BLOCKS - SYNC.length - CHECK_BITS;
const BITS = CLOCK_BITS + CHECK_BITS;
const BLACK = "#000000";
const WHITE = "#ffffff";
const LEAST_CONTRAST = 60; // of 255, between the darkest white and the brightest black of the sync blocks
const DOUBTFUL_SHARE = 0.1; // a block nearer to the middle than this share of the contrast is not read

/** The exclusive or of all groups of four bits. */
function check(clock) {
  let found = 0;
  for (let rest = clock; rest > 0; rest = Math.floor(rest / 2 ** CHECK_BITS)) found ^= rest % 2 ** CHECK_BITS;
  return found;
}

/** The clock out of what stands after the sync blocks; null when its check is another clock's. */
export function checked(value) {
  const clock = Math.floor(value / 2 ** CHECK_BITS);
  return check(clock) === value % 2 ** CHECK_BITS ? clock : null;
}

/** Draw the low 28 bits of `milliseconds` and their check into the top of a picture of that size. */
export function drawClock(pen, width, height, milliseconds) {
  const clock = milliseconds % 2 ** CLOCK_BITS;
  const value = clock * 2 ** CHECK_BITS + check(clock);
  for (let block = 0; block < BLOCKS; block += 1) {
    const bit = block - SYNC.length;
    const white = bit < 0 ? SYNC[block] : Math.floor(value / 2 ** (BITS - 1 - bit)) % 2 === 1;
    const left = Math.round((block * width) / BLOCKS);
    pen.fillStyle = white ? WHITE : BLACK;
    pen.fillRect(left, 0, Math.round(((block + 1) * width) / BLOCKS) - left, Math.round(height * STRIP_SHARE));
  }
}

/** The clock value that `video` shows now; null when its picture carries none that can be read without doubt. */
export function readClock(video) {
  const { videoWidth: width, videoHeight: height } = video;
  const rows = Math.floor(height * STRIP_SHARE);
  if (!width || !rows) return null;
  const canvas = new OffscreenCanvas(width, rows);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0, width, rows, 0, 0, width, rows);
  const { data } = pen.getImageData(0, Math.floor(rows / 2), width, 1);
  const levels = Array.from({ length: BLOCKS }, (_, block) => {
    const at = Math.floor(((block + 0.5) * width) / BLOCKS) * 4;
    return (data[at] + data[at + 1] + data[at + 2]) / 3;
  });
  const dark = Math.max(...levels.filter((_, block) => SYNC[block] === false));
  const bright = Math.min(...levels.filter((_, block) => SYNC[block] === true));
  const middle = (dark + bright) / 2;
  const contrast = bright - dark;
  if (contrast < LEAST_CONTRAST || levels.some((level) => Math.abs(level - middle) < DOUBTFUL_SHARE * contrast)) return null;
  return checked(levels.slice(SYNC.length).reduce((value, level) => value * 2 + (level > middle ? 1 : 0), 0));
}
