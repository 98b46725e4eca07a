import { Anchor, createTheme } from '@mantine/core'
import type { CSSVariablesResolver } from '@mantine/core'

/** Spruce green: its seventh shade carries white text, its third can be read on a dark page. */
export const theme = createTheme({
  primaryColor: 'spruce',
  primaryShade: { light: 7, dark: 7 },
  colors: {
    spruce: ['#e6f6f3', '#cdeae4', '#a3d8cd', '#74c4b5', '#46ad9b', '#259482', '#137d6d', '#0b6a5d', '#075549', '#043f36'],
    dark: ['#dbe4e1', '#b9c7c3', '#93a5a0', '#6d807b', '#3d524c', '#2c3f3a', '#1b2e29', '#10201d', '#0d1a18', '#0a1412'],
  },
  defaultRadius: 'md',
  components: { Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }) },
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '650' },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
})

/** Colours of small text, dark or light enough for a contrast of 4.5:1 on every background that they stand on. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#56635f',
    '--mantine-color-placeholder': '#66736f',
    '--mantine-color-error': '#b71c1c',
    '--mantine-color-red-light-color': '#9c1616',
    '--mantine-color-orange-light-color': '#8a3300',
    '--mantine-color-yellow-light-color': '#6b4e00',
    '--mantine-color-teal-light-color': '#07554a',
    '--mantine-color-blue-light-color': '#0d4a8f',
    '--mantine-color-red-filled': '#c92a2a',
    '--mantine-color-red-filled-hover': '#b71c1c',
  },
  dark: {
    '--mantine-color-dimmed': '#a9b9b5',
    '--mantine-color-placeholder': '#93a5a0',
    '--mantine-color-error': '#ff9d9d',
    '--mantine-color-red-light-color': '#ffb3b3',
    '--mantine-color-orange-light-color': '#ffc999',
    '--mantine-color-yellow-light-color': '#ffe08a',
    '--mantine-color-teal-light-color': '#a3e8d8',
    '--mantine-color-blue-light-color': '#b5d6ff',
    '--mantine-color-red-light': 'rgb(250 82 82 / 0.16)',
    '--mantine-color-orange-light': 'rgb(253 126 20 / 0.16)',
    '--mantine-color-yellow-light': 'rgb(250 176 5 / 0.14)',
    '--mantine-color-teal-light': 'rgb(18 184 134 / 0.16)',
    '--mantine-color-blue-light': 'rgb(34 139 230 / 0.16)',
    '--mantine-color-spruce-light': 'rgb(37 148 130 / 0.22)',
    '--mantine-color-spruce-light-hover': 'rgb(37 148 130 / 0.3)',
    '--mantine-color-spruce-light-color': '#a3d8cd',
    '--mantine-color-red-filled': '#c92a2a',
    '--mantine-color-red-filled-hover': '#b71c1c',
  },
})
