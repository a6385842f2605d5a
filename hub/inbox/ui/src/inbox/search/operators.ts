/** The operators of the search; the server reads them, and the screen leaves them out of what it marks. */
const OPERATOR = /(?<!\S)(?:from|to|channel|label|before|after|has|is):(?:"[^"]*"|\S+)/giu;

/** The words of a search without its operators. */
export function wordsOf(query: string): string {
  return query.replace(OPERATOR, ' ').trim();
}
