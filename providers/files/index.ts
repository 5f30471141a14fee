export { type FileInfo, type FilesProviderConfig, MAX_FILE_BYTES } from './config.ts';
export { createFilesProvider, type FilesProvider } from './provider.ts';
export { FileStore, type NewFile } from './store.ts';
