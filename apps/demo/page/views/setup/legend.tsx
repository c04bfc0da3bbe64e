import { Cloud, Laptop, Signpost, Star } from "lucide-preact";

/** What the signs of the picture mean. */
export function Legend() {
  return (
    <ul class="legend small quiet" aria-label="What the signs mean">
      <li>
        <Signpost size={14} aria-hidden="true" /> a name that the router knows
      </li>
      <li>
        <Star size={14} aria-hidden="true" /> alpha: what names no pool goes there
      </li>
      <li>
        <Laptop size={14} aria-hidden="true" /> on this machine
      </li>
      <li>
        <Cloud size={14} aria-hidden="true" /> elsewhere
      </li>
      <li>
        <span class="legend-arrow" aria-hidden="true" /> cache to origin
      </li>
      <li>
        <span class="legend-ring" aria-hidden="true" /> a layer
      </li>
      <li>
        <span class="legend-light write" aria-hidden="true" /> memorized or forgotten
      </li>
      <li>
        <span class="legend-light read" aria-hidden="true" /> remembered
      </li>
      <li>
        <span class="mono" aria-hidden="true">
          0.4/s 2 · 9 ms
        </span>{" "}
        rate, median and 95th percentile of the last minute
      </li>
    </ul>
  );
}
