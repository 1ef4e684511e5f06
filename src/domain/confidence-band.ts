/** Confidences are told apart by tenths: band 0 is [0, 0.1), … band 9 is [0.9, 1]. Also made in SQL by `uptake_confidence_band`. */
export const BAND_COUNT = 10;

/** A band as people read it: `0.7-0.8`. */
export const bandName = (band: number): string =>
  `${(band / BAND_COUNT).toFixed(1)}-${((band + 1) / BAND_COUNT).toFixed(1)}`;
