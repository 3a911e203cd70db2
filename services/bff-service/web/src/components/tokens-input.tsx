import { TagsInput, type TagsInputProps } from '@mantine/core'

interface TokensInputProps extends Omit<TagsInputProps, 'onChange' | 'splitChars'> {
  onChange?: (value: string[]) => void
}

/** A list of texts without spaces and commas, each of which ends one. */
export function TokensInput({ onChange, ...props }: TokensInputProps) {
  // Split again: the keyboards of phones do not tell which key was pressed, and leave the comma in the text.
  const change = (tags: string[]) =>
    onChange?.([...new Set(tags.flatMap((tag) => tag.split(/[\s,]+/)))].filter(Boolean))
  return <TagsInput {...props} splitChars={[',', ' ']} onChange={change} />
}
