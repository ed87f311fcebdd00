/** Lists and forms of the things an account has. */
export { type Definition, type Field, type Row, textOf } from './definition.ts';
export { ResourceForm } from './form.tsx';
export { ResourceList, ResourcePage } from './list.tsx';
