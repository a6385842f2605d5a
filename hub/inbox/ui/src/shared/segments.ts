// How many parts an SMS will be, as a phone company counts it (3GPP TS 23.038, 6.1 and 6.2).

const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
    '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
// Behind an escape: two places each, never parted by the end of a segment.
const EXTENDED = new Set('^{}\\[~]|€\f');

export type Encoding = 'GSM-7' | 'UCS-2';

export interface SegmentCount {
  encoding: Encoding;
  segments: number;
  /** Places used, in septets or UTF-16 units. */
  used: number;
  /** Places left before another segment begins. */
  left: number;
}

const SIZES = {
  'GSM-7': { single: 160, part: 153 },
  'UCS-2': { single: 70, part: 67 },
} as const;

/** Counts the segments of `text`. An empty text is no segment. */
export function countSegments(text: string): SegmentCount {
  const characters = [...text];
  const gsm = characters.every((c) => BASIC.has(c) || EXTENDED.has(c));
  const encoding: Encoding = gsm ? 'GSM-7' : 'UCS-2';
  const widths = characters.map((c) => (gsm ? (EXTENDED.has(c) ? 2 : 1) : c.length));
  const used = widths.reduce((sum, width) => sum + width, 0);
  const { single, part } = SIZES[encoding];
  if (used <= single) {
    return { encoding, segments: used === 0 ? 0 : 1, used, left: single - used };
  }
  let segments = 1;
  let filled = 0;
  for (const width of widths) {
    if (filled + width > part) {
      segments += 1;
      filled = 0;
    }
    filled += width;
  }
  return { encoding, segments, used, left: part - filled };
}
