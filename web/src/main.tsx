import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { AppRoot } from './app/AppRoot';
import './app/theme.css';
import { startI18n } from './i18n';

const root = document.getElementById('root');
if (!root) throw new Error('no #root');
void startI18n().then(() =>
  createRoot(root).render(
    <StrictMode>
      <AppRoot />
    </StrictMode>,
  ),
);
