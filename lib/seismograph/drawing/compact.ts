/** Where phones begin. */

/** Pictures narrower than that have smaller margins and shorter texts, in CSS pixels. */
export const COMPACT_WIDTH = 600;
