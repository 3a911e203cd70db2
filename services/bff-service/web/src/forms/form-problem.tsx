import { ErrorAlert } from '../components/error-alert.tsx'

/** What is wrong with a form and belongs to none of its fields; it stands above the button. */
export function FormProblem({ form, message }: { form: { problem: unknown }; message?: string | undefined }) {
  return form.problem ? <ErrorAlert error={form.problem} message={message} /> : null
}
