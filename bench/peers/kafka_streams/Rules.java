import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The three rules of bench/peers/rules.py, which say the same in Python. */
final class Rules {
    private static final double MIN_DISTANCE_KM = 100;
    private static final double MAX_SPEED_KMH = 1000;
    private static final double CLOCK_SKEW_S = 60;
    private static final double GROUND_SPEED_KMH = 300;
    private static final double FLIGHT_SPEED_KMH = 850;
    private static final double FLIGHT_OVERHEAD_S = 5400;
    private static final double HIGH_VALUE_USD = 10_000;
    private static final long VELOCITY_WINDOW_US = 60_000_000;
    private static final int VELOCITY_MAX_COUNT = 10;
    private static final double VELOCITY_MAX_USD = 20_000;
    private static final double EARTH_RADIUS_KM = 6371.0088;

    private final Map<String, Double> unitsPerUsd;

    Rules(Map<String, Double> unitsPerUsd) {
        this.unitsPerUsd = unitsPerUsd;
    }

    /** Judges an event against its user's history, and adds it to that history in place. */
    List<Map<String, Object>> assess(Event event, Profile profile) {
        Instant moment = Instant.parse(event.timestamp());
        long timeUs = moment.getEpochSecond() * 1_000_000 + moment.getNano() / 1_000;
        Profile.Past past = new Profile.Past(timeUs, event.transactionId(), event.amount(),
                event.currency(), event.lat(), event.lon(), event.radiusKm(), false);
        profile.forgetBefore(timeUs - Profile.MAX_AGE_US);
        List<Map<String, Object>> alerts = new ArrayList<>(0);
        boolean flagged = event.inPerson() && impossibleTravel(event, past, profile.inPerson, alerts);
        highValue(event, alerts);
        velocity(event, past, profile, alerts);
        if (flagged) {
            past = new Profile.Past(timeUs, event.transactionId(), event.amount(), event.currency(),
                    event.lat(), event.lon(), event.radiusKm(), true);
        }
        profile.remember(past, event.inPerson());
        return alerts;
    }

    private boolean impossibleTravel(Event event, Profile.Past past, List<Profile.Past> track,
            List<Map<String, Object>> alerts) {
        if (track.isEmpty() || !past.placed()) {
            return false;
        }
        Map<String, Object> worst = null;
        double worstPace = 0;
        for (Profile.Past other : neighbours(track, past.timeUs())) {
            double elapsedS = Math.abs(past.timeUs() - other.timeUs()) / 1e6 + CLOCK_SKEW_S;
            double betweenKm = distanceKm(past.lat(), past.lon(), other.lat(), other.lon());
            double journeyKm = Math.max(0, betweenKm - (past.radiusKm() + other.radiusKm()));
            double groundS = journeyKm / GROUND_SPEED_KMH * 3600;
            double flightS = journeyKm / FLIGHT_SPEED_KMH * 3600 + FLIGHT_OVERHEAD_S;
            double pace = journeyKm / elapsedS;
            if (journeyKm >= MIN_DISTANCE_KM && elapsedS < Math.min(groundS, flightS) && pace > worstPace) {
                worstPace = pace;
                worst = alert(event, "impossible_travel");
                worst.put("compared_with", other.id());
                worst.put("distance_km", journeyKm);
                worst.put("elapsed_s", elapsedS);
            }
        }
        if (worst == null) {
            return false;
        }
        worst.put("verdict", worstPace * 3600 > MAX_SPEED_KMH ? "impossible" : "improbable");
        return alerts.add(worst);
    }

    /** Those at the same instant, and on either side the nearest and the nearest unflagged. */
    private static List<Profile.Past> neighbours(List<Profile.Past> track, long timeUs) {
        Profile.Past latest = track.get(track.size() - 1);
        if (latest.timeUs() < timeUs && !latest.flagged() && latest.placed()) {
            return List.of(latest);
        }
        List<Profile.Past> atOnce = new ArrayList<>();
        List<Profile.Past> before = new ArrayList<>();
        List<Profile.Past> after = new ArrayList<>();
        for (Profile.Past past : track) {
            if (past.placed()) {
                (past.timeUs() == timeUs ? atOnce : past.timeUs() < timeUs ? before : after).add(past);
            }
        }
        atOnce.addAll(nearest(before.reversed()));
        atOnce.addAll(nearest(after));
        return atOnce;
    }

    private static List<Profile.Past> nearest(List<Profile.Past> side) {
        List<Profile.Past> found = new ArrayList<>(2);
        for (Profile.Past past : side) {
            if (found.isEmpty() || !past.flagged()) {
                found.add(past);
            }
            if (!past.flagged()) {
                break;
            }
        }
        return found;
    }

    private static double distanceKm(double lat1, double lon1, double lat2, double lon2) {
        double phi1 = Math.toRadians(lat1);
        double phi2 = Math.toRadians(lat2);
        double a = Math.pow(Math.sin((phi2 - phi1) / 2), 2) + Math.cos(phi1) * Math.cos(phi2)
                * Math.pow(Math.sin(Math.toRadians(lon2 - lon1) / 2), 2);
        return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(a)));
    }

    private void highValue(Event event, List<Map<String, Object>> alerts) {
        double threshold = HIGH_VALUE_USD * unitsPerUsd.getOrDefault(event.currency(), 1.0);
        if (event.amount() >= threshold) {
            Map<String, Object> alert = alert(event, "high_value");
            alert.put("amount", event.amount());
            alert.put("currency", event.currency());
            alert.put("threshold", threshold);
            alerts.add(alert);
        }
    }

    /** Judges the windows (end - w, end] that end at this event or at a later one around it. */
    private void velocity(Event event, Profile.Past past, Profile profile,
            List<Map<String, Object>> alerts) {
        long timeUs = past.timeUs();
        List<Profile.Past> around = new ArrayList<>(0);
        TreeSet<Long> ends = null;
        for (List<Profile.Past> track : List.of(profile.inPerson, profile.online)) {
            for (int i = track.size() - 1; i >= 0; i--) {
                Profile.Past other = track.get(i);
                if (other.timeUs() <= timeUs - VELOCITY_WINDOW_US) {
                    break;
                }
                if (other.timeUs() < timeUs + VELOCITY_WINDOW_US) {
                    around.add(other);
                    if (other.timeUs() > timeUs) {
                        ends = ends == null ? new TreeSet<>() : ends;
                        ends.add(other.timeUs());
                    }
                }
            }
        }
        if (around.isEmpty() || judged(event, timeUs, around, alerts) || ends == null) {
            return;
        }
        for (long endUs : ends) {
            if (judged(event, endUs, around, alerts)) {
                return;
            }
        }
    }

    private boolean judged(Event event, long endUs, List<Profile.Past> around,
            List<Map<String, Object>> alerts) {
        double limit = VELOCITY_MAX_USD * unitsPerUsd.getOrDefault(event.currency(), 1.0);
        int count = 1;
        double others = 0;
        for (Profile.Past other : around) {
            if (other.timeUs() > endUs - VELOCITY_WINDOW_US && other.timeUs() <= endUs) {
                count++;
                others += other.currency().equals(event.currency()) ? other.amount() : 0;
            }
        }
        double total = others + event.amount();
        boolean tooMany = count > 1 && count > VELOCITY_MAX_COUNT;
        if (!tooMany && !(others > 0 && total > limit)) {
            return false;
        }
        Map<String, Object> alert = alert(event, "velocity");
        alert.put("count", count);
        alert.put("total", total);
        alert.put("max_total", limit);
        return alerts.add(alert);
    }

    private static Map<String, Object> alert(Event event, String rule) {
        Map<String, Object> alert = new LinkedHashMap<>();
        alert.put("user_id", event.userId());
        alert.put("transaction_id", event.transactionId());
        alert.put("timestamp", event.timestamp());
        alert.put("rule", rule);
        return alert;
    }
}
