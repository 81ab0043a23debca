// Medians and their spread.

export function median(values) {
  return quantile(values, 0.5);
}

/** The median, and the values between which the middle half lies. */
export function spreadOf(values) {
  return {
    median: median(values),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    min: Math.min(...values),
  };
}

function quantile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place % 1);
}
