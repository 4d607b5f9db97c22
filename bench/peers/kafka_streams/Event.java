import com.fasterxml.jackson.annotation.JsonProperty;

/** A card transaction, as its JSON says it. */
public record Event(
        @JsonProperty("transaction_id") String transactionId,
        @JsonProperty("user_id") String userId,
        @JsonProperty("amount") double amount,
        @JsonProperty("currency") String currency,
        @JsonProperty("channel") String channel,
        @JsonProperty("lat") double lat,
        @JsonProperty("lon") double lon,
        @JsonProperty("location_radius_km") double radiusKm,
        @JsonProperty("timestamp") String timestamp) {

    boolean inPerson() {
        return channel.equals("in_person");
    }
}
