/** The letters of data quality in miniSEED 2, and the publication versions that they are in miniSEED 3 (FDSN miniSEED 3, appendix). */

/** From the rawest to the most worked on: `R` raw, `D` of unknown state, `Q` quality controlled, `M` merged and modified. */
const LETTERS = "RDQM";

/** The publication version of a quality letter: R, D, Q, M are 1, 2, 3, 4; 0 for any other letter. */
export function publicationVersionOf(quality: string): number {
  return LETTERS.indexOf(quality) + 1;
}

/** The quality letter of a publication version; D for those that have none. */
export function qualityOf(publicationVersion: number): string {
  return LETTERS.charAt(publicationVersion - 1) || "D";
}

/** Whether a publication version has a quality letter of its own: 1 to 4. */
export function hasQuality(publicationVersion: number): boolean {
  return publicationVersionOf(qualityOf(publicationVersion)) === publicationVersion;
}

/** The quality letter that text begins with, `undefined` if it does not. */
export function qualityLetterOf(text: string): string | undefined {
  const letter = text.charAt(0);
  return letter !== "" && LETTERS.includes(letter) ? letter : undefined;
}
