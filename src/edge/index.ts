export { askNode, kamailioSays } from './check.ts';
export { type Difference, differences, nodesIn, saidOf, secretOf, writeEdge } from './folder.ts';
export { addressesOf, type EdgeInput } from './input.ts';
export {
  type Edge,
  type EdgeFile,
  edgeFiles,
  type EdgePlace,
  type EdgeTransport,
  renderEdge,
  renderSecret,
  secretFile,
} from './settings.ts';
