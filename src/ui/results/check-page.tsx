import { Alert, Anchor, Button, FileButton, Group, List, Loader, Paper, Stack, Text } from '@mantine/core'
import { useRef, useState } from 'react'
import type { Verification } from '../../node/verify.ts'
import { PageHead } from '../parts/page-head.tsx'
import { Section } from '../parts/section.tsx'
import { bytes, plural, sentence } from '../view/format.ts'
import { checkFiles, claimsThatHold, failureText } from './check.ts'

/** Most findings listed that do not hold. */
const SHOWN = 100

/** Checks a certificates file of any job, here, without a network and without having the job. */
export function CheckPage() {
  const { certificates, data, verification, error, busy, choose } = useCheck()
  return (
    <Stack gap="lg">
      <PageHead title="Check a certificate">
        Who computed what, who was drawn to check it, and whether every signature is right: worked out again on this device, from the files
        alone. Nothing is sent anywhere. <Anchor href="#/results">All results</Anchor>
      </PageHead>
      <Paper withBorder p="md">
        <Stack gap="md">
          <FileLine
            label="Certificates"
            hint="The file NAME.certificates.json from a results page."
            accept=".json,application/json"
            file={certificates}
            onChoose={(file) => choose({ certificates: file })}
          />
          <FileLine
            label="Data"
            hint="The raw bytes, NAME.bin. Without them the certificates are checked, but not what they were made for."
            accept=".bin,application/octet-stream"
            file={data}
            onChoose={(file) => choose({ data: file })}
          />
        </Stack>
      </Paper>
      <div aria-live="polite">
        {busy && (
          <Group gap="sm">
            <Loader size="sm" />
            <Text>Checking …</Text>
          </Group>
        )}
        {error !== '' && (
          <Alert color="red" variant="light" role="alert" title="This cannot be checked">
            {sentence(error)}
          </Alert>
        )}
        {verification !== null && <Verdict verification={verification} />}
      </div>
    </Stack>
  )
}

interface FileLineProps {
  label: string
  hint: string
  accept: string
  file: File | null
  onChoose: (file: File) => void
}

function FileLine({ label, hint, accept, file, onChoose }: FileLineProps) {
  // A field that kept its file would not notice the same one chosen again.
  const forget = useRef<() => void>(null)
  const choose = (chosen: File | null) => {
    forget.current?.()
    if (chosen !== null) onChoose(chosen)
  }
  return (
    <Group justify="space-between" wrap="wrap" gap="sm">
      <div className="grow">
        <Text fw={500}>{label}</Text>
        <Text size="sm" c="dimmed" className="wrap-anywhere">
          {file === null ? hint : `${file.name}, ${bytes(file.size)}`}
        </Text>
      </div>
      <FileButton accept={accept} onChange={choose} resetRef={forget} inputProps={{ 'aria-label': `${label} file` }}>
        {(props) => (
          <Button {...props} variant="default">
            Choose {label.toLowerCase()}
          </Button>
        )}
      </FileButton>
    </Group>
  )
}

function Verdict({ verification }: { verification: Verification }) {
  const { holds, findings, certificates, withData } = verification
  const failed = findings.filter((finding) => !finding.holds)
  return (
    <Stack gap="lg">
      <Alert
        color={holds ? 'spruce' : 'red'}
        variant="light"
        role={holds ? 'status' : 'alert'}
        title={holds ? 'It holds' : 'It does not hold'}
        data-testid="verdict"
        data-holds={holds}
      >
        {holds
          ? `${plural(findings.length, 'check')} of ${plural(certificates, 'certificate')}, and nothing is wrong.`
          : `${plural(failed.length, 'check')} of ${findings.length} failed.`}{' '}
        {withData ? 'The data was checked as well.' : 'The data was not checked: choose it, too, to know that it is what was certified.'}
      </Alert>
      {failed.length > 0 && (
        <Section title="What does not hold">
          <List spacing={6} listStyleType="none" data-testid="failed">
            {failed.slice(0, SHOWN).map((finding) => (
              <List.Item key={failureText(finding)} className="wrap-anywhere">
                ✗ {failureText(finding)}
              </List.Item>
            ))}
          </List>
          {failed.length > SHOWN && <Text c="dimmed">and {plural(failed.length - SHOWN, 'other')}</Text>}
        </Section>
      )}
      <Section title="What holds">
        <List spacing={6} listStyleType="none" data-testid="held">
          {claimsThatHold(verification).map(({ claim, microjobs }) => (
            <List.Item key={claim}>
              ✓ {claim}
              {microjobs > 0 && (
                <Text span c="dimmed">
                  {' '}
                  · {plural(microjobs, 'microjob')}
                </Text>
              )}
            </List.Item>
          ))}
        </List>
      </Section>
    </Stack>
  )
}

interface Check {
  certificates: File | null
  data: File | null
  verification: Verification | null
  error: string
  busy: boolean
}

/** Checks as soon as there is something to check, and again when a file is changed. */
function useCheck() {
  const [check, setCheck] = useState<Check>({ certificates: null, data: null, verification: null, error: '', busy: false })
  const latest = useRef(0)
  const choose = (chosen: Partial<Pick<Check, 'certificates' | 'data'>>) => {
    const { certificates, data } = { ...check, ...chosen }
    const turn = ++latest.current
    const settle = (verification: Verification | null, error: string) => {
      if (turn === latest.current) setCheck({ certificates, data, verification, error, busy: false })
    }
    setCheck({ certificates, data, verification: null, error: '', busy: certificates !== null })
    if (certificates === null) return
    checkFiles({ certificates, data }).then(
      (verification) => settle(verification, ''),
      (cause: unknown) => settle(null, cause instanceof Error ? cause.message : String(cause)),
    )
  }
  return { ...check, choose }
}
