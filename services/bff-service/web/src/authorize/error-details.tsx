import { Alert, Code, Stack, Text } from '@mantine/core'
import { say, type TextKey } from '../texts/say.ts'

/** A sentence for each code, and one for all others. */
export type Sentences = Record<string, TextKey> & { readonly other: TextKey }

interface ErrorDetailsProps {
  /** The query of the page's address, where the issuer has put the error. */
  search: string
  sentences: Sentences
}

/** What went wrong, in a sentence, and in the issuer's own words. All of it may be made up by a link: it is text, and short. */
export function ErrorDetails({ search, sentences }: ErrorDetailsProps) {
  const query = new URLSearchParams(search)
  const code = /^[a-z_]{1,64}$/.exec(query.get('error') ?? '')?.[0]
  const description = printable(query.get('error_description') ?? '')
  return (
    <>
      <Alert color="red" role="alert">
        <Text size="sm">{say((code && sentences[code]) || sentences.other)}</Text>
      </Alert>
      {code && (
        <Stack gap={4}>
          <Text size="sm" c="dimmed">
            {say('authorizeError.details')}
          </Text>
          {/* A block that scrolls could not be read by keyboard. */}
          <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {description ? `${code}\n${description}` : code}
          </Code>
        </Stack>
      )}
    </>
  )
}

/** What RFC 6749 §4.1.2.1 lets a description be. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 200)
}
