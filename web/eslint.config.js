import globals from 'globals';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.ts', 'dev/.cache'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strict, jsxA11y.flatConfigs.recommended, reactHooks.configs.flat.recommended],
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
      // Server state goes through the generated client; only the client and the hub may open a connection.
      'no-restricted-globals': ['error', 'fetch', 'EventSource', 'XMLHttpRequest'],
    },
  },
  { files: ['dev/**', '*.config.ts'], languageOptions: { globals: { ...globals.node } }, rules: { 'no-console': 'off', 'no-restricted-globals': 'off' } },
);
