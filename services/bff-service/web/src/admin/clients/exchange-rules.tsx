import { Button, Fieldset, Input, Stack, Text, TextInput } from '@mantine/core'
import { useRef } from 'react'
import { flushSync } from 'react-dom'
import { TokensInput } from '../../components/tokens-input.tsx'
import type { PageForm } from '../../forms/page-form.ts'
import { say } from '../../texts/say.ts'
import { type ClientFormValues, exchanges } from './client-form.ts'
import classes from './exchange-rules.module.css'
import { emptyRule, maxRules } from './rule-rows.ts'

interface ExchangeRulesProps {
  form: PageForm<ClientFormValues>
  isDisabled: boolean
}

/** From which API to which other one the client exchanges tokens of users. */
export function ExchangeRules({ form, isDisabled }: ExchangeRulesProps) {
  const list = useRef<HTMLDivElement>(null)
  const addButton = useRef<HTMLButtonElement>(null)
  const grants = form.useWatchValue('grant_types')
  const { exchange_rules: rules } = form.getValues()
  if (rules.length === 0 && (isDisabled || !exchanges(grants))) return null
  const add = () => {
    flushSync(() => form.insertListItem('exchange_rules', emptyRule()))
    list.current?.querySelector<HTMLInputElement>(`[data-path="exchange_rules.${rules.length}.from"]`)?.focus()
  }
  const remove = (at: number) => {
    flushSync(() => form.removeListItem('exchange_rules', at))
    addButton.current?.focus()
  }
  return (
    <Fieldset legend={say('admin.clients.rules')} disabled={isDisabled}>
      <Stack ref={list}>
        <Text size="sm" c="dimmed">
          {say('admin.clients.rulesText')}
        </Text>
        {rules.map(({ key }, at) => (
          <RuleFields key={key} form={form} at={at} isDisabled={isDisabled} onRemove={() => remove(at)} />
        ))}
        {form.errors.exchange_rules && <Input.Error role="alert">{form.errors.exchange_rules}</Input.Error>}
        {!isDisabled && rules.length < maxRules && (
          <div>
            <Button ref={addButton} variant="default" size="xs" onClick={add}>
              {say('admin.clients.addRule')}
            </Button>
          </div>
        )}
      </Stack>
    </Fieldset>
  )
}

interface RuleFieldsProps extends ExchangeRulesProps {
  at: number
  onRemove: () => void
}

function RuleFields({ form, at, isDisabled, onRemove }: RuleFieldsProps) {
  const text = (name: 'from' | 'scope' | 'to', label: string) => (
    <TextInput
      label={label}
      maxLength={512}
      autoComplete="off"
      spellCheck={false}
      disabled={isDisabled}
      key={form.key(`exchange_rules.${at}.${name}`)}
      {...form.getInputProps(`exchange_rules.${at}.${name}`)}
    />
  )
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset in the fieldset would draw a second frame
    <div role="group" aria-label={say('admin.clients.ruleAt', { number: at + 1 })} className={classes.rule}>
      {text('from', say('admin.clients.ruleFrom'))}
      {text('scope', say('admin.clients.ruleScope'))}
      {text('to', say('admin.clients.ruleTo'))}
      <TokensInput
        label={say('admin.clients.ruleScopes')}
        maxTags={50}
        disabled={isDisabled}
        key={form.key(`exchange_rules.${at}.scopes`)}
        {...form.getInputProps(`exchange_rules.${at}.scopes`)}
      />
      {!isDisabled && (
        <Button
          variant="subtle"
          color="red"
          size="xs"
          className={classes.remove}
          aria-label={say('admin.clients.removeRule', { number: at + 1 })}
          onClick={onRemove}
        >
          {say('admin.common.remove')}
        </Button>
      )}
    </div>
  )
}
