import { globalIdOf, laila } from "@laila/core";
import type { Traffic as TrafficState } from "../api.js";
import { names } from "../names.js";

/** What is read now and then: entries that are in the bucket, too, so that they outlive the disaster. */
const read = ["station", names.field, "land", "signal", "spectrum", "counts", "calibration"];
const readingsKept = 20;
/** A bucket that does not answer must not make them pile up. */
const atOnce = 64;

/** Small reads and writes that the set-up does by itself, so that there is something to see. */
export class Traffic {
  #state: TrafficState;
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;
  #underWay = 0;
  #reading = laila.variable(19, { nickname: "reading" });

  constructor(perSecond: number) {
    this.#state = { perSecond };
    this.set(perSecond);
  }

  get state(): TrafficState {
    return this.#state;
  }

  /** 0 stops it. */
  set(perSecond: number): void {
    this.#state = { perSecond };
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (perSecond === 0) return;
    // Beyond what a timer can tick, several at once.
    const each = Math.max(1, Math.round(perSecond / 50));
    this.#timer = setInterval(
      () => {
        for (let i = 0; i < each; i++) void this.#act();
      },
      (1_000 * each) / perSecond,
    );
    this.#timer.unref();
  }

  /** What fails is told as a failed operation, like any other. */
  async #act(): Promise<void> {
    if (this.#underWay >= atOnce) return;
    this.#underWay++;
    await this.#next(this.#turn++).catch(() => undefined);
    this.#underWay--;
  }

  async #next(turn: number): Promise<void> {
    const nickname = read[turn % read.length] as string;
    switch (turn % 4) {
      case 0:
        return this.#measure();
      case 1:
        await laila.remember({ nickname }, { poolNickname: this.#some() });
        return;
      case 2:
        await laila.remember({ nickname }, { poolNickname: names.bucket });
        return;
      default:
        await laila.remember(this.#reading, { poolNickname: names.files });
    }
  }

  /** One more reading; the oldest goes. */
  async #measure(): Promise<void> {
    const address = { poolNickname: names.files };
    const value = Math.round((this.#reading.data + Math.random() - 0.5) * 100) / 100;
    const next = this.#reading.evolve(value);
    await laila.memorize(next, address);
    this.#reading = next;
    const evolution = (next.evolution ?? 0) - readingsKept;
    if (evolution > 0)
      await laila.forget(globalIdOf("reading", { evolution, namespace: laila.namespace }), address);
  }

  /** One of the caches: they all have what the bucket has, at the latest when they are asked. */
  #some(): string {
    const { nicknames, pools, proxies } = laila.memory.poolRouter;
    const reachesBucket = (id: string): boolean => {
      const origin = proxies.get(id);
      return (
        origin !== undefined &&
        (pools.get(origin)?.nickname === names.bucket || reachesBucket(origin))
      );
    };
    const caches = [...nicknames].filter(([, id]) => reachesBucket(id)).map(([name]) => name);
    return caches[Math.floor(Math.random() * caches.length)] ?? names.bucket;
  }
}
