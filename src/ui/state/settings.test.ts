import { describe, expect, it } from 'vitest'
import { browserStore, engineInQuery, loadSettings, saveSettings } from './settings.ts'

function memory(): { getItem(key: string): string | null; setItem(key: string, value: string): void } {
  const texts = new Map<string, string>()
  return { getItem: (key) => texts.get(key) ?? null, setItem: (key, value) => void texts.set(key, value) }
}

describe('saved settings', () => {
  it('come back on the next visit, later choices beside earlier ones', () => {
    const store = memory()
    saveSettings(store, { engine: 'cpu' })
    saveSettings(store, { dutyCycle: 50 })
    expect(loadSettings(store)).toEqual({ engine: 'cpu', dutyCycle: 50 })
  })

  it('are empty when what was stored is not understood', () => {
    for (const text of ['not json', '{"engine":"quantum"}', '{"dutyCycle":5}', '[]', 'null']) {
      expect(loadSettings({ getItem: () => text, setItem: () => undefined })).toEqual({})
    }
  })

  it('are empty, and saving is harmless, when the browser stores nothing', () => {
    const refuses = () => {
      throw new DOMException('denied', 'SecurityError')
    }
    expect(loadSettings({ getItem: refuses, setItem: refuses })).toEqual({})
    const blocked = browserStore({
      get localStorage() {
        return refuses()
      },
    })
    expect(loadSettings(blocked)).toEqual({})
    expect(() => saveSettings({ getItem: refuses, setItem: refuses }, { workers: 2 })).not.toThrow()
  })
})

describe('engineInQuery', () => {
  it('knows the three engines and nothing else', () => {
    expect(engineInQuery('?engine=webgpu')).toBe('webgpu')
    expect(engineInQuery('?engine=tpu')).toBeNull()
    expect(engineInQuery('')).toBeNull()
  })
})
