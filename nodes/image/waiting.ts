/** Pictures that are waited with, so that the earthquake is in them: one for each thing that triggered, however often it does so meanwhile. */

interface Waiting {
  due: number;
  timer: NodeJS.Timeout;
  end: (isDue: boolean) => void;
}

const MOST_WAITING = 100;

export class WaitingPictures {
  readonly #waiting = new Map<string, Waiting>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Milliseconds until the next one is due; undefined where none is waited with. */
  get next(): number | undefined {
    const dues = [...this.#waiting.values()].map(({ due }) => due);
    return dues.length === 0 ? undefined : Math.max(0, Math.min(...dues) - performance.now());
  }

  /**
   * Waits.
   * @returns whether the picture is to be made now: false where one of the same name is waited with already, where too many are, and for
   *   those that are given up
   */
  wait(name: string, milliseconds: number): Promise<boolean> {
    if (this.#waiting.has(name) || this.#waiting.size >= MOST_WAITING) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (isDue: boolean) => {
        this.#waiting.delete(name);
        resolve(isDue);
      };
      const timer = setTimeout(() => end(true), milliseconds);
      this.#waiting.set(name, { due: performance.now() + milliseconds, timer, end });
    });
  }

  /** Gives all up, and says how many there were. */
  giveUp(): number {
    const { size } = this.#waiting;
    for (const { timer, end } of [...this.#waiting.values()]) {
      clearTimeout(timer);
      end(false);
    }
    return size;
  }
}
