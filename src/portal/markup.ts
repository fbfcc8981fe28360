/** HTML of which every text is escaped, and the frame that all pages of the portal have. Pure. */
import { createHash } from 'node:crypto';

/** HTML that is finished; only {@link markup} makes it. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = Markup | string | number | false | undefined | readonly Markup[];

/** A template whose texts are escaped, inside of quoted attributes too. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, piece, index) => `${text}${textOf(parts[index - 1])}${piece}`));
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return escapeText(String(part));
}

const NAMES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => NAMES[sign] ?? '');
}

const STYLE = [
  'body{margin:0;padding:1em;font:1.1em/1.5 sans-serif;color:#111;background:#fff}',
  'form,.note{max-width:34em;margin:0 auto}fieldset{border:0;margin:0;padding:0}',
  'h1,legend{font-size:1.2em;font-weight:bold;margin:0 0 .8em;padding:0}',
  '.say{white-space:pre-wrap;word-wrap:break-word;overflow-wrap:anywhere}',
  'input{font:inherit}.line{box-sizing:border-box;width:100%;padding:.5em;border:1px solid #555}',
  'label.pick{display:block;padding:.5em 0}.go{padding:.6em 1.4em;margin:1em .6em 0 0;min-width:6em}',
  '.wrong{border-left:.3em solid #b00020;padding-left:.6em}.hint{color:#444;margin:.2em 0 .6em}',
].join('');

/** Nothing is loaded from anywhere, no script runs, and the form goes to this gateway. */
export const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A whole page. A language is told for our own words; what a caller wrote may be in any. */
export function pageOf(title: string, body: Markup): string {
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head>',
    '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="robots" content="noindex">',
    `<title>${escapeText(title)}</title>`,
    `<style>${STYLE}</style>`,
    `</head><body>${body.text}</body></html>`,
    '',
  ].join('\n');
}
