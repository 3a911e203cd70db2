import { usedSecrets } from '../trio/api-client.ts'

// Files share a process, and the logs of one are searched for its own secrets.
usedSecrets.clear()
