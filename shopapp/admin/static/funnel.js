// How many people came how far: a bar for each step, with its number and its share of the step before. Behind it, lighter,
// all who did the step whatever they did before.
const box = document.getElementById('funnel');

window.addEventListener('load', () => {
  if (!box || !window.echarts) return;
  const steps = JSON.parse(box.dataset.steps);
  const words = { color: getComputedStyle(box).color, fontSize: 13 };
  const main = getComputedStyle(document.documentElement).getPropertyValue('--tblr-primary').trim() || '#e2472f';
  const share = (at) => (at && steps[at - 1].passed ? ` · ${Math.round((steps[at].passed * 100) / steps[at - 1].passed)}%` : '');
  const more = (step) => (step.reached > step.passed ? `（${box.dataset.more.replace('{n}', step.reached.toLocaleString())}）` : '');
  const chart = window.echarts.init(box);
  chart.setOption({
    animation: false,
    grid: { left: 88, right: 200, top: 8, bottom: 8 },
    xAxis: { type: 'value', show: false },
    yAxis: { type: 'category', inverse: true, data: steps.map((step) => step.name), axisLine: { show: false }, axisTick: { show: false }, axisLabel: words },
    series: [
      {
        type: 'bar', silent: true, barWidth: 22, barGap: '-100%', data: steps.map((step) => step.reached),
        itemStyle: { color: main, opacity: 0.22, borderRadius: 4 },
        label: { show: true, position: 'right', opacity: 1, ...words, formatter: ({ dataIndex: at }) => `${steps[at].passed.toLocaleString()}${share(at)}${more(steps[at])}` },
      },
      { type: 'bar', silent: true, barWidth: 22, data: steps.map((step) => step.passed), itemStyle: { color: main, borderRadius: 4 } },
    ],
  });
  window.addEventListener('resize', () => chart.resize());
});
