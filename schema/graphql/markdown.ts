/** Texts of DDFs as Markdown, which is what viewers of a schema take descriptions for. */

/** What Markdown would not show as it stands: markup, tags, links, entities, headings. Blanks before a line would make it code. */
const SPECIAL =
  /\\(?=[!-/:-@[-`{-~])|`|<(?=[A-Za-z/!?])|\*(?=\S)|(?<=\S)\*|\](?=\()|~(?=~)|&(?=#?[A-Za-z0-9]{1,32};)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^(?:[#>[]|[-=]+(?=[ \t]*$))/gm;

/** Longer code is cut, and says so. */
const MAX_CODE = 300;

/** Shows as the text itself; line breaks stay, other control characters become blanks. */
export function markdownOf(text: string): string {
  return tidy(text)
    .replace(/^[ \t]+/gm, '')
    .replace(SPECIAL, '\\$&');
}

/** A text as code within a line, cut when it is long. */
export function markdownCode(text: string): string {
  const whole = tidy(text).replace(/\n/g, ' ');
  const short = whole.length > MAX_CODE ? `${whole.slice(0, MAX_CODE)} …` : whole;
  return short.includes('`') ? `\`\` ${short} \`\`` : `\`${short}\``;
}

function tidy(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\t\n]/gu, ' ')
    .trim();
}
