import { expect, test } from 'vitest'
import { greeting } from '../../src/greeting.ts'

const facts = {
  seconds: 3.21,
  urls: {
    'auth-service': 'http://localhost:4000',
    'resource-service': 'http://localhost:4001',
    'bff-service': 'http://localhost:4002'
  },
  dataDir: '/project/.countersign',
  pagesPath: '/',
  isRegistrationOpen: true,
  showsMail: true,
  firstAdmin: undefined
}

test('the first line says that Countersign is ready, and where the pages are', () => {
  expect(greeting(facts).split('\n')[0]).toBe('Countersign is ready in 3.2 s: http://localhost:4002')
})

test('the page for the browser comes before the other addresses', () => {
  const urls = greeting(facts).match(/http:\/\/localhost:\d+/g)
  expect(urls?.slice(1, 4)).toEqual(['http://localhost:4002', 'http://localhost:4000', 'http://localhost:4001'])
})

test('an app of yours has the root, and the pages stand below their path', () => {
  const text = greeting({ ...facts, pagesPath: '/countersign' })
  expect(text).toMatch(/Your app +http:\/\/localhost:4002\n/)
  expect(text).toMatch(/Pages for the browser +http:\/\/localhost:4002\/countersign\n/)
})

test('a generated password is shown, and is in the line that signs in', () => {
  const text = greeting({ ...facts, firstAdmin: { username: 'root', generatedPassword: 'made-up' } })
  expect(text).toContain('  username   root\n  password   made-up\n')
  expect(text).toContain(`-d '{"username":"root","password":"made-up"}'`)
  expect(text).not.toContain('/auth/register')
})

test('a password that the operator gave is not shown', () => {
  const text = greeting({ ...facts, firstAdmin: { username: 'root', generatedPassword: undefined } })
  expect(text).toContain(
    'The first account is "root", an administrator, with the password from COUNTERSIGN_ADMIN_PASSWORD.'
  )
  expect(text).not.toContain('"username":"root"')
})

test('a start that made no account offers lines in which a visitor signs up first', () => {
  const text = greeting(facts)
  expect(text).not.toContain('password is shown')
  const [signUp, signIn] = [...text.matchAll(/-d '(\{.*?\})'/g)].map((match) => match[1])
  expect(text).toContain('/auth/register')
  expect(signIn).toBe(signUp)
})

test('where registration is closed and no password is known, no line is offered that would not work', () => {
  expect(greeting({ ...facts, isRegistrationOpen: false })).not.toContain('curl')
})

test('the last line says how to stop', () => {
  expect(greeting(facts).split('\n').at(-1)).toBe('Ctrl-C stops it.')
})

test('says where mail is shown, unless it is sent', () => {
  expect(greeting(facts)).toContain('Mail that is not sent    http://localhost:4000/dev/mail')
  expect(greeting({ ...facts, showsMail: false })).not.toContain('/dev/mail')
})
