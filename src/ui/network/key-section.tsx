import { Alert, Button, Code, FileButton, Group, Stack, Text, Textarea } from '@mantine/core'
import { useRef, useState } from 'react'
import { Section } from '../parts/section.tsx'
import { save } from '../results/files.ts'
import { useUi } from '../state/ui.ts'

/** Longest key file that is read, bytes. */
const MAX_FILE_BYTES = 10_000

/** A key that a person offers, and what became of it. */
type Offer =
  | { stage: 'none' }
  | { stage: 'refused'; reason: string }
  | { stage: 'offered'; text: string; peer: string }
  | { stage: 'taken'; peer: string }

/** The private key that makes this tab who it is: its owner can take it along, or bring another. */
export function KeySection({ peer }: { peer: string }) {
  const node = useUi((state) => state.node)
  const [offer, setOffer] = useState<Offer>({ stage: 'none' })
  const [pasted, setPasted] = useState('')
  // A field that kept its file would not notice the same one chosen again.
  const forget = useRef<() => void>(null)
  if (node === null) return null
  const refuse = (cause: unknown) => setOffer({ stage: 'refused', reason: cause instanceof Error ? cause.message : String(cause) })
  const check = (text: string) => node.checkKey(text).then((owner) => setOffer({ stage: 'offered', text, peer: owner }), refuse)
  const choose = (file: File | null) => {
    forget.current?.()
    if (file === null) return
    if (file.size > MAX_FILE_BYTES) refuse(new Error(`${file.name} has ${file.size} bytes, a key file less than ${MAX_FILE_BYTES}`))
    else file.text().then(check, refuse)
  }
  return (
    <Section title="Your key">
      <Stack gap="sm" align="start">
        <Text size="sm">
          A private key in this browser makes this tab who it is: credit and trust belong to it, and only with it can you take back jobs
          that you submitted. Download it to keep it when the browser forgets this site, or to go on in another browser.
        </Text>
        <Alert variant="light" color="orange" title="Keep it to yourself, and in one place at a time">
          Whoever has the file can be you. Two browsers that use the same key at the same time get in each other’s way.
        </Alert>
        <Group gap="sm">
          <Button variant="default" onClick={() => save(`roomful-key-${peer.slice(-8)}.json`, 'application/json', node.exportKey())}>
            Download the key
          </Button>
          <FileButton accept=".json,application/json" onChange={choose} resetRef={forget} inputProps={{ 'aria-label': 'Key file' }}>
            {(props) => (
              <Button {...props} variant="default">
                Use the key of a file
              </Button>
            )}
          </FileButton>
        </Group>
        <Group gap="sm" align="end" w="100%">
          <Textarea
            label="Or paste a key file"
            className="grow"
            rows={2}
            value={pasted}
            onChange={(event) => setPasted(event.currentTarget.value)}
          />
          <Button variant="default" disabled={pasted.trim() === ''} onClick={() => void check(pasted)}>
            Use it
          </Button>
        </Group>
        {offer.stage === 'refused' && (
          <Alert color="red" variant="light" role="alert" title="This key cannot be used">
            <Text size="sm" className="wrap-anywhere">
              The reason: {offer.reason}. This tab keeps the key it has.
            </Text>
          </Alert>
        )}
        {offer.stage === 'offered' && (
          <Alert color="orange" variant="light" role="alert" title="Replace this tab’s key?">
            <Text size="sm" className="wrap-anywhere">
              This tab becomes <Code>{offer.peer}</Code> and stops being <Code>{peer}</Code>. Unless you have downloaded the present key, it
              is gone.
            </Text>
            <Group mt="sm" gap="sm">
              <Button
                size="xs"
                color="red"
                onClick={() => node.importKey(offer.text).then((owner) => setOffer({ stage: 'taken', peer: owner }), refuse)}
              >
                Replace the key
              </Button>
              <Button size="xs" variant="default" onClick={() => setOffer({ stage: 'none' })}>
                Keep the present one
              </Button>
            </Group>
          </Alert>
        )}
        {offer.stage === 'taken' && (
          <Alert variant="light" role="status" title="The key is in place">
            <Text size="sm" className="wrap-anywhere">
              From the next start on this tab is <Code>{offer.peer}</Code>.
            </Text>
            <Button mt="sm" size="xs" onClick={() => location.reload()}>
              Reload now
            </Button>
          </Alert>
        )}
      </Stack>
    </Section>
  )
}
