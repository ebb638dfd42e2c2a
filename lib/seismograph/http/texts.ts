/** The few sentences that the seismograph itself says to people, in six languages. */

export type Language = "en" | "de" | "es" | "fr" | "ja" | "zh";

export interface Texts {
  stream: string;
  newest: string;
  latency: string;
  state: string;
  gaps: string;
  none: string;
  silent: string;
  ahead: string;
  good: string;
  triggered: string;
  seconds: string;
  refilling: string;
  page: string;
  updated: string;
}

export const TEXTS: Readonly<Record<Language, Texts>> = {
  en: {
    stream: "Stream",
    newest: "Newest sample (UTC)",
    latency: "Latency",
    state: "State",
    gaps: "Gaps",
    none: "No stream has come yet.",
    silent: "silent",
    ahead: "clock ahead",
    good: "live",
    triggered: "triggered",
    seconds: "s",
    refilling: "The archive is being read.",
    page: "Seismograms",
    updated: "As of",
  },
  de: {
    stream: "Strom",
    newest: "Neuester Messwert (UTC)",
    latency: "Verzögerung",
    state: "Zustand",
    gaps: "Lücken",
    none: "Bisher ist kein Strom gekommen.",
    silent: "stumm",
    ahead: "Uhr geht vor",
    good: "läuft",
    triggered: "ausgelöst",
    seconds: "s",
    refilling: "Das Archiv wird gelesen.",
    page: "Seismogramme",
    updated: "Stand",
  },
  es: {
    stream: "Canal",
    newest: "Última muestra (UTC)",
    latency: "Retardo",
    state: "Estado",
    gaps: "Huecos",
    none: "Aún no ha llegado ningún canal.",
    silent: "en silencio",
    ahead: "reloj adelantado",
    good: "en directo",
    triggered: "disparado",
    seconds: "s",
    refilling: "Se está leyendo el archivo.",
    page: "Sismogramas",
    updated: "A las",
  },
  fr: {
    stream: "Flux",
    newest: "Dernier échantillon (UTC)",
    latency: "Retard",
    state: "État",
    gaps: "Lacunes",
    none: "Aucun flux n’est encore arrivé.",
    silent: "silencieux",
    ahead: "horloge en avance",
    good: "en direct",
    triggered: "déclenché",
    seconds: "s",
    refilling: "L’archive est en cours de lecture.",
    page: "Sismogrammes",
    updated: "État à",
  },
  ja: {
    stream: "ストリーム",
    newest: "最新サンプル (UTC)",
    latency: "遅延",
    state: "状態",
    gaps: "欠測",
    none: "まだストリームが届いていません。",
    silent: "受信なし",
    ahead: "時計が進んでいます",
    good: "受信中",
    triggered: "トリガー中",
    seconds: "秒",
    refilling: "アーカイブを読み込んでいます。",
    page: "地震波形",
    updated: "時刻",
  },
  zh: {
    stream: "数据流",
    newest: "最新采样 (UTC)",
    latency: "延迟",
    state: "状态",
    gaps: "间断",
    none: "尚未收到数据流。",
    silent: "无数据",
    ahead: "时钟超前",
    good: "实时",
    triggered: "已触发",
    seconds: "秒",
    refilling: "正在读取存档。",
    page: "地震波形",
    updated: "截至",
  },
};

/** The language that somebody asks for, by name or as browsers do; English for any other. */
export function languageOf(name: string | undefined, accepted: string | undefined): Language {
  const ranges = name === undefined ? (accepted ?? "").slice(0, 1000).split(",") : [name];
  for (const range of ranges) {
    const language = range.trim().slice(0, 2).toLowerCase();
    if (Object.hasOwn(TEXTS, language)) return language as Language;
  }
  return "en";
}
