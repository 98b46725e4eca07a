const numbers = new Intl.NumberFormat('en')
const digits = new Intl.NumberFormat('en', { maximumFractionDigits: 20 })
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

const clockTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** 12345 → "12,345". */
export function count(value: number): string {
  return numbers.format(value)
}

/** Every digit behind the point: 0.000001 → "0.000001". */
export function exact(value: number): string {
  return digits.format(value)
}

/** At most one digit behind the point. */
export function decimal(value: number): string {
  return tenths.format(value)
}

/** 12345678 → "12.3M". */
export function short(value: number): string {
  return compact.format(value)
}

/** "1 chunk", "2 chunks". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** Bytes in powers of 1024: "512 B", "1.5 MiB". */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let scaled = value
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024
    unit++
  }
  return `${tenths.format(scaled)} ${units[unit]}`
}

/** Seconds in words: "under a second", "42 s", "3 min 5 s", "2 h 10 min", "3 days". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown'
  if (seconds < 1) return 'under a second'
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return joined(Math.floor(whole / 60), 'min', whole % 60, 's')
  if (whole < 86_400 * 2) return joined(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min')
  return `${Math.round(whole / 86_400)} days`
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}

/** A share of a whole as "0%" to "100%"; 100% only when nothing is missing. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '0%'
  return `${part >= whole ? 100 : Math.min(99, Math.floor((part / whole) * 100))}%`
}

/** A part as a share of a whole, rounded: "49.8%". Shares of one whole come to a hundred, as those of {@link percent} do not. */
export function share(part: number, whole: number): string {
  return `${tenths.format((100 * part) / Math.max(1, whole))}%`
}

/** The end of a peer id or content address, which is where they differ: "…k3Fq9x". */
export function shortId(id: string): string {
  return id.length <= 8 ? id : `…${id.slice(-6)}`
}

/** Time of day in the person's own zone. */
export function time(at: number): string {
  return clockTime.format(at)
}

export function dateTime(at: number): string {
  return dayAndTime.format(at)
}

/** A phrase as a sentence: capital letter, full stop. */
export function sentence(phrase: string): string {
  const text = phrase.trim()
  return text === '' ? '' : `${text[0]!.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

/** A name for a file that is safe on every system, from whatever a stranger called a job. */
export function fileName(title: string, suffix: string): string {
  const safe = title
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 60)
  return `${safe === '' ? 'roomful' : safe}${suffix}`
}
