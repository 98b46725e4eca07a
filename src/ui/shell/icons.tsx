import type { Place } from '../state/route.ts'

const PATHS: Record<Place | 'logo' | 'sun' | 'moon' | 'crown', string> = {
  contribute: 'M12 3v8 M6.6 6.6a7.6 7.6 0 1 0 10.8 0',
  room: 'M12 8V5 M8 14l-2.6 2 M16 14l2.6 2 M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8 M12 2a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3 M4 16a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3 M20 16a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3',
  submit: 'M12 16V4 M7 9l5-5l5 5 M4 15v4a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-4',
  results:
    'M4 5a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z M4 17l5-5l4 4l3-3l4 4 M15.5 8a1 1 0 1 0 0 2a1 1 0 1 0 0-2',
  network: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18 M3 12h18 M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9s.5-6 3.5-9',
  logo: 'M4 4h4v4H4z M10 4h4v4h-4z M16 4h4v4h-4z M4 10h4v4H4z M16 10h4v4h-4z M4 16h4v4H4z M10 16h4v4h-4z M16 16h4v4h-4z M10 10h4v4h-4z',
  sun: 'M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8 M12 2v2 M12 20v2 M2 12h2 M20 12h2 M5 5l1.4 1.4 M17.6 17.6L19 19 M5 19l1.4-1.4 M17.6 6.4L19 5',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z',
  crown: 'M4 17V8l4.5 3.5L12 5l3.5 6.5L20 8v9z',
}

/** A drawing beside a text that says the same; hidden from screen readers for that reason. */
export function Icon({ name, size = 20, filled = false }: { name: keyof typeof PATHS; size?: number; filled?: boolean }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={filled ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
