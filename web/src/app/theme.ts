import { theme as antd, type ThemeConfig } from 'antd';

/** The same palette as theme.css, for antd's tokens. */
const palettes = {
  light: {
    paper: '#f6f4ee', surface: '#ffffff', sunken: '#efece4', line: '#e3dfd4', lineStrong: '#cfc9ba', ink: '#1a211f',
    inkSoft: '#57605c', accent: '#0e5c50', accentSoft: '#e0ede8', danger: '#a8322a', dangerSoft: '#fae4e0', ok: '#22734a',
    okSoft: '#e0efe6', amber: '#93520c', amberSoft: '#fbecd4',
  },
  dark: {
    paper: '#0e1312', surface: '#161c1a', sunken: '#111716', line: '#28312e', lineStrong: '#3a4642', ink: '#e9eeeb',
    inkSoft: '#9eaca6', accent: '#55c7ab', accentSoft: '#14332c', danger: '#f0887c', dangerSoft: '#3a1a17', ok: '#6fcf97',
    okSoft: '#16301f', amber: '#efb662', amberSoft: '#35280f',
  },
} as const;

export type Appearance = keyof typeof palettes;

export const FONT_STACK =
  "'Inter', 'InterVariable', system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif";

/** The ground and the border of a notice: antd would mix its own from the text colour, and they come out grey. */
function tinted(kind: 'Info' | 'Success' | 'Warning' | 'Error', soft: string, strong: string): ThemeConfig['token'] {
  return { [`color${kind}Bg`]: soft, [`color${kind}Border`]: `${strong}55` };
}

/** `still`: nothing moves; antd waits for no end of a transition then. */
export function themeFor(appearance: Appearance, still: boolean): ThemeConfig {
  const p = palettes[appearance];
  const onAccent = appearance === 'light' ? '#ffffff' : '#06201a';
  return {
    algorithm: appearance === 'dark' ? antd.darkAlgorithm : antd.defaultAlgorithm,
    token: {
      colorPrimary: p.accent, colorInfo: p.accent, colorLink: p.accent, colorSuccess: p.ok, colorWarning: p.amber,
      colorError: p.danger, ...tinted('Info', p.accentSoft, p.accent), ...tinted('Success', p.okSoft, p.ok),
      ...tinted('Warning', p.amberSoft, p.amber), ...tinted('Error', p.dangerSoft, p.danger),
      colorBgBase: p.surface, colorBgLayout: p.paper, colorBgContainer: p.surface,
      colorBgElevated: appearance === 'dark' ? '#1c2421' : '#ffffff', colorTextBase: p.ink, colorText: p.ink,
      colorTextSecondary: p.inkSoft, colorTextTertiary: p.inkSoft, colorTextDescription: p.inkSoft,
      colorTextPlaceholder: appearance === 'dark' ? '#8b9993' : '#69726d', colorBorder: p.lineStrong,
      colorBorderSecondary: p.line, colorTextLightSolid: onAccent, borderRadius: 9, borderRadiusLG: 14, borderRadiusSM: 7,
      controlHeight: 38, controlHeightLG: 44, controlHeightSM: 30, fontFamily: FONT_STACK, fontSize: 14, lineHeight: 1.5,
      motionDurationMid: '0.16s', motionDurationSlow: '0.22s', motion: !still, wireframe: false,
    },
    components: {
      Button: { fontWeight: 550, primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none', paddingInline: 16 },
      Segmented: {
        trackBg: appearance === 'dark' ? p.surface : p.sunken, itemSelectedBg: appearance === 'dark' ? p.line : p.surface,
        itemSelectedColor: p.ink, itemColor: p.inkSoft, trackPadding: 3,
      },
      Modal: { titleFontSize: 18 },
      Form: { itemMarginBottom: 20, verticalLabelPadding: '0 0 6px' },
      Tooltip: { colorBgSpotlight: appearance === 'dark' ? '#2a3431' : '#1a211f', colorTextLightSolid: '#f4f2ec' },
      Message: { contentPadding: '10px 16px' },
      Menu: { itemBorderRadius: 9 },
      Tag: { defaultBg: p.sunken, defaultColor: p.inkSoft },
      Alert: { withDescriptionPadding: '14px 16px', borderRadiusLG: 12 },
    },
  };
}
