//! Measures the embedder on this machine: `measure FOLDER [threads]` prints passages per CPU second.

use std::path::Path;
use std::time::Instant;

use cpu_time::ProcessTime;
use embedding::{Embedder, Options, Precision};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("measure FOLDER [threads]")?;
    let threads = arguments.next().map_or(Ok(1), |threads| threads.parse())?;
    for precision in [Precision::Int8, Precision::Float] {
        let start = Instant::now();
        let embedder = Embedder::load(Path::new(&folder), Options { precision, threads })?;
        println!("{precision:?}, {}, loaded in {:.2} s", embedder.kernel(), start.elapsed().as_secs_f64());
        for tokens in [16, 128, 256] {
            // One token a word, and the two that open and close the text.
            let text = ["the", "raven", "never", "moved", "its", "shadow", "on", "that", "floor"];
            let text: Vec<_> = text.iter().cycle().take(tokens - 2).copied().collect();
            let text = text.join(" ");
            assert_eq!(embedder.tokens(&text), tokens);
            let texts = vec![text.as_str(); 8192 / tokens];
            drop(embedder.embed(&texts[..2]));
            let (wall, cpu) = (Instant::now(), ProcessTime::now());
            for _ in 0..2 {
                drop(embedder.embed(&texts));
            }
            let count = 2.0 * texts.len() as f64;
            println!(
                "  {tokens:3} tokens: {:6.1} passages per CPU second, {:6.1} per second on {threads} thread(s)",
                count / cpu.elapsed().as_secs_f64(),
                count / wall.elapsed().as_secs_f64(),
            );
        }
    }
    Ok(())
}
