export * from '@countersign/testing/trio'
