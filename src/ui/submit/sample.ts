/** Author, licence and changes are in `public/samples/README.md`. */
const SAMPLE = 'picos-de-europa.jpg'

export const SAMPLE_CREDIT = 'Sample: “Picos de Europa” by Aitzol Berasategi, CC BY 4.0, scaled down.'

/** The photograph that comes with Roomful. */
export async function loadSample(): Promise<File> {
  const response = await fetch(`/samples/${SAMPLE}`)
  if (!response.ok) throw new Error(`The sample photo could not be loaded (${response.status}). Choose a photo of your own.`)
  return new File([await response.blob()], SAMPLE, { type: 'image/jpeg' })
}
