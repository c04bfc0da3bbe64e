/** What can be aborted: an AbortController, or something lighter. */
export interface Abortable {
  abort(reason: unknown): void;
}

const followers = new WeakMap<AbortSignal, Set<Abortable>>();

/**
 * Aborts the controller when the signal does; gives what ends that. However many follow one signal,
 * it has one listener (Node warns from eleven on), and none when nobody follows any more.
 */
export function follow(signal: AbortSignal | undefined, controller: Abortable): () => void {
  if (!signal) return () => undefined;
  if (signal.aborted) {
    controller.abort(signal.reason);
    return () => undefined;
  }
  const all = followers.get(signal) ?? listen(signal);
  all.add(controller);
  return () => {
    all.delete(controller);
    if (all.size === 0 && followers.get(signal) === all) {
      followers.delete(signal);
      signal.removeEventListener("abort", abortFollowers);
    }
  };
}

function listen(signal: AbortSignal): Set<Abortable> {
  const all = new Set<Abortable>();
  followers.set(signal, all);
  signal.addEventListener("abort", abortFollowers, { once: true });
  return all;
}

function abortFollowers(this: AbortSignal): void {
  for (const controller of followers.get(this) ?? []) controller.abort(this.reason);
}
