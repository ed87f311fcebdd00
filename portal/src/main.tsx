/** The portal's beginning. */
import '@mantine/core/styles.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import { createTheme, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/index.ts';
import { App } from './app.tsx';

const theme = createTheme({
  primaryColor: 'teal',
  defaultRadius: 6,
  components: {
    // The help of a field stands below it, so that fields of a line stand in one line.
    InputWrapper: { defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] } },
    // Their title bars are not banners of the page.
    DrawerHeader: { defaultProps: { role: 'presentation' } },
    ModalHeader: { defaultProps: { role: 'presentation' } },
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 300 } },
    Menu: { defaultProps: { transitionProps: { duration: 80 } } },
  },
});

/** What the server refused it would refuse again; what it did not answer is asked once more. */
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (times, fault) => times < 1 && !(fault instanceof ApiError && fault.status >= 400 && fault.status < 500),
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
// The policy of the server forbids style elements: the variables are in tokens.css, and no class needs more.
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
