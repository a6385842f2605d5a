// Draws the icons of the installed app from the shapes of src/shared/favicon.svg, and writes them as PNG.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../../static/icons/', import.meta.url));
const BLUE = [0x3a, 0x53, 0xd6];
const WHITE = [0xff, 0xff, 0xff];
/** The shapes are given on a square of 28, as in the SVG. */
const GRID = 28;
const SAMPLES = 4;

const inRounded = (x, y, left, top, right, bottom, radius) => {
  const dx = Math.max(left + radius - x, 0, x - (right - radius));
  const dy = Math.max(top + radius - y, 0, y - (bottom - radius));
  return x >= left && x <= right && y >= top && y <= bottom && dx * dx + dy * dy <= radius * radius;
};
const inCircle = (x, y, cx, cy, radius) => (x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2;
const inTail = (x, y) => x >= 7 && y >= 14 && y <= 20.5 && x <= 9 + ((20.5 - y) * 4) / 3.5 && (y <= 18.5 || x + 0.6 >= 7 + (y - 18.5) * 0.6);
const inBubble = (x, y) => (inRounded(x, y, 7, 7, 21, 17, 3.5) || inTail(x, y)) && !inCircle(x, y, 11.5, 12, 1.25) && !inCircle(x, y, 16.5, 12, 1.25);

/** Red, green, blue and opacity at a point, for each icon. */
const ICONS = {
  192: [192, (x, y) => (inBubble(x, y) ? [...WHITE, 255] : [...BLUE, inRounded(x, y, 0, 0, 28, 28, 8) ? 255 : 0])],
  512: [512, (x, y) => (inBubble(x, y) ? [...WHITE, 255] : [...BLUE, inRounded(x, y, 0, 0, 28, 28, 8) ? 255 : 0])],
  // Systems round these themselves.
  180: [180, (x, y) => (inBubble(x, y) ? [...WHITE, 255] : [...BLUE, 255])],
  maskable: [512, (x, y) => (inBubble(14 + (x - 14) * 1.25, 14 + (y - 14) * 1.25) ? [...WHITE, 255] : [...BLUE, 255])],
  // Android shows its shape alone.
  badge: [96, (x, y) => [...WHITE, inBubble(14 + (x - 14) * 0.6, 13.75 + (y - 13.75) * 0.6) ? 255 : 0]],
};

function pixels(size, colourAt) {
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const sum = [0, 0, 0, 0];
      for (let sample = 0; sample < SAMPLES ** 2; sample += 1) {
        const x = ((column + ((sample % SAMPLES) + 0.5) / SAMPLES) / size) * GRID;
        const y = ((row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / size) * GRID;
        const [red, green, blue, opacity] = colourAt(x, y);
        sum[0] += red * opacity;
        sum[1] += green * opacity;
        sum[2] += blue * opacity;
        sum[3] += opacity;
      }
      const start = row * (size * 4 + 1) + 1 + column * 4;
      for (let channel = 0; channel < 3; channel += 1) rows[start + channel] = sum[3] ? Math.round(sum[channel] / sum[3]) : 0;
      rows[start + 3] = Math.round(sum[3] / SAMPLES ** 2);
    }
  }
  return rows;
}

function chunk(type, content) {
  const named = Buffer.concat([Buffer.from(type), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

function png(size, colourAt) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6], 8); // 8 bits a channel, red, green, blue and opacity
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(pixels(size, colourAt), { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

await mkdir(folder, { recursive: true });
for (const [name, [size, colourAt]] of Object.entries(ICONS)) await writeFile(`${folder}${name}.png`, png(size, colourAt));
