// One page for each entry point of @countersign/verifier, out of its built types. TypeDoc reads them with a TypeScript of
// its own, in this workspace: TypeScript 7 has no API for it yet.
const entryPoints = [
  'index',
  'http/express',
  'http/fastify',
  'http/hono',
  'http/koa',
  'redis/index',
  'in-process/index',
  'testing/index'
]

const importOf = (module) => (module === 'index' ? '@countersign/verifier' : `@countersign/verifier/${module}`)

/** @type {Partial<import('typedoc').TypeDocOptions & import('typedoc-plugin-markdown').PluginOptions>} */
export default {
  name: '@countersign/verifier',
  entryPoints: entryPoints.map((path) => `../shared/verifier/dist/${path}.d.ts`),
  tsconfig: 'tsconfig.verifier-api.json',
  plugin: ['typedoc-plugin-markdown', './throws-types.mjs'],
  out: 'verifier-api',
  outputFileStrategy: 'modules',
  readme: 'verifier-api.intro.md',
  mergeReadme: true,
  disableSources: true,
  excludeExternals: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  pageTitleTemplates: { index: 'The API of {projectName}', module: ({ name }) => importOf(name) },
  sortEntryPoints: false,
  groupOrder: ['Functions', 'Interfaces', 'Type Aliases', 'Variables', 'Classes'],
  // Of headings alone, the links to some would differ from one Git host to another.
  useHTMLAnchors: true,
  useCodeBlocks: true,
  expandObjects: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: {
    hideInherited: true,
    hideOverrides: true,
    hideSources: true,
    hideDefaults: true,
    leftAlignHeaders: true
  },
  requiredToBeDocumented: ['Variable', 'Function', 'Class', 'Interface', 'TypeAlias', 'CallSignature'],
  preservedTypeAnnotationTags: ['@throws'],
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true
}
