import { Button, Fieldset, Input, Stack, Text, TextInput } from '@mantine/core'
import { useRef } from 'react'
import { flushSync } from 'react-dom'
import type { PageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { type ApiFormValues, emptyScope, maxApiScopes } from './api-form.ts'
import classes from './scope-rows.module.css'

/** The scopes of an API, each with the sentence that people read. */
export function ScopeRows({ form }: { form: PageForm<ApiFormValues> }) {
  const list = useRef<HTMLDivElement>(null)
  const addButton = useRef<HTMLButtonElement>(null)
  const { scopes } = form.getValues()
  const add = () => {
    flushSync(() => form.insertListItem('scopes', emptyScope()))
    list.current?.querySelector<HTMLInputElement>(`[data-path="scopes.${scopes.length}.name"]`)?.focus()
  }
  const remove = (at: number) => {
    flushSync(() => form.removeListItem('scopes', at))
    addButton.current?.focus()
  }
  return (
    <Fieldset legend={say('admin.common.scopes')}>
      <Stack ref={list}>
        {scopes.length === 0 && (
          <Text size="sm" c="dimmed">
            {say('admin.apis.noScopes')}
          </Text>
        )}
        {scopes.map(({ key }, at) => (
          <ScopeFields key={key} form={form} at={at} onRemove={() => remove(at)} />
        ))}
        {form.errors.scopes && <Input.Error role="alert">{form.errors.scopes}</Input.Error>}
        {scopes.length < maxApiScopes && (
          <div>
            <Button ref={addButton} variant="default" size="xs" onClick={add}>
              {say('admin.apis.addScope')}
            </Button>
          </div>
        )}
      </Stack>
    </Fieldset>
  )
}

interface ScopeFieldsProps {
  form: PageForm<ApiFormValues>
  at: number
  onRemove: () => void
}

function ScopeFields({ form, at, onRemove }: ScopeFieldsProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset in the fieldset would draw a second frame
    <div role="group" aria-label={say('admin.apis.scopeAt', { number: at + 1 })} className={classes.row}>
      <TextInput
        label={say('admin.apis.scope')}
        maxLength={64}
        autoComplete="off"
        spellCheck={false}
        key={form.key(`scopes.${at}.name`)}
        {...form.getInputProps(`scopes.${at}.name`)}
      />
      <TextInput
        label={say('admin.apis.sentence')}
        maxLength={200}
        autoComplete="off"
        key={form.key(`scopes.${at}.description`)}
        {...form.getInputProps(`scopes.${at}.description`)}
      />
      <Button
        variant="subtle"
        color="red"
        size="sm"
        className={classes.remove}
        aria-label={say('admin.apis.removeScope', { number: at + 1 })}
        onClick={onRemove}
      >
        {say('admin.common.remove')}
      </Button>
    </div>
  )
}
