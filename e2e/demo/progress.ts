/** One line that rewrites itself on a terminal; plain lines, once per tenth, elsewhere. */
export class ProgressBar {
  readonly #out: NodeJS.WriteStream
  #last = ''
  #tenth = -1

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  show(done: number, verified: number, total: number, text: string): void {
    const share = total === 0 ? 0 : done / total
    const width = 28
    const filled = Math.round(share * width)
    const sure = total === 0 ? 0 : Math.round((verified / total) * width)
    const bar = '█'.repeat(Math.min(sure, filled)) + '▒'.repeat(Math.max(0, filled - sure)) + '·'.repeat(width - filled)
    const line = `${bar} ${done}/${total} computed, ${verified} verified  ${text}`
    if (line === this.#last) return
    this.#last = line
    if (this.#out.isTTY) this.#out.write(`\r\u001b[2K${line.slice(0, this.#out.columns)}`)
    else if (Math.floor(share * 10) !== this.#tenth) {
      this.#tenth = Math.floor(share * 10)
      this.#out.write(`${line}\n`)
    }
  }

  end(): void {
    if (this.#out.isTTY && this.#last !== '') this.#out.write('\n')
  }

  /** A line above the bar. */
  say(line: string): void {
    if (this.#out.isTTY) this.#out.write(`\r\u001b[2K${line}\n${this.#last.slice(0, this.#out.columns)}`)
    else this.#out.write(`${line}\n`)
  }
}
